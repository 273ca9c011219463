"""A server on loopback that answers like each publisher, from small files or from a folder of real ones."""

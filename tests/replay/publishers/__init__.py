"""One module per source: `answer(asked, folder)` says what its publisher would."""

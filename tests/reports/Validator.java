import java.io.FileInputStream;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.verapdf.gf.foundry.VeraGreenfieldFoundryProvider;
import org.verapdf.pdfa.Foundries;
import org.verapdf.pdfa.VeraPDFFoundry;
import org.verapdf.pdfa.flavours.PDFAFlavour;
import org.verapdf.pdfa.results.TestAssertion;
import org.verapdf.pdfa.results.ValidationResult;

/** Prints one line for each rule of PDF/UA-1 or PDF/A-3a that a file breaks: file, standard, clause, where, what. */
public class Validator {
  public static void main(String[] files) throws Exception {
    VeraGreenfieldFoundryProvider.initialise();
    ExecutorService threads = Executors.newFixedThreadPool(Runtime.getRuntime().availableProcessors());
    List<Future<Void>> begun = new ArrayList<>();
    for (PDFAFlavour flavour : List.of(PDFAFlavour.PDFUA_1, PDFAFlavour.PDFA_3_A)) {
      for (String file : files) {
        begun.add(threads.submit((Callable<Void>) () -> validate(file, flavour)));
      }
    }
    for (Future<Void> one : begun) {
      one.get();
    }
    threads.shutdown();
  }

  private static Void validate(String file, PDFAFlavour flavour) throws Exception {
    VeraPDFFoundry foundry = Foundries.defaultInstance();
    try (var parser = foundry.createParser(new FileInputStream(file), flavour);
        var validator = foundry.createValidator(flavour, 1, false, true, false)) {
      ValidationResult result = validator.validate(parser);
      for (TestAssertion broken : result.getTestAssertions()) {
        System.out.println(String.join("\t", file, flavour.getId(), broken.getRuleId().getClause(),
            broken.getLocation().getContext(), broken.getMessage()));
      }
      System.err.println(file + " " + flavour.getId() + " " + result.getTotalAssertions());
    }
    return null;
  }
}

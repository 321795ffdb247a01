package gdproto.worker;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;

import gdproto.gd.ErrorType;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Apps: found by their paths, and told of by what fails in them. */
class AppsTest {
  private final Apps apps = new Apps();

  /** An app that is found by its path. */
  public static class Good implements App {
    @Override
    public Object call(Call call) {
      return null;
    }
  }

  /** An app of which no instance can be made. */
  public static final class Unmade extends Good {
    /** Fails. */
    public Unmade() {
      throw new IllegalStateException("not today");
    }
  }

  @Test
  void aClassIsFoundByItsPath() throws BootException {
    String path = "gdproto.worker:AppsTest$Good";
    apps.boot(path, null);
    assertInstanceOf(Good.class, apps.get(path));
    assertEquals(List.of(path), apps.paths());
  }

  @Test
  void whatIsNoAppIsNotFound() {
    for (String path : List.of("no.such:Thing", "java.lang:String", "nothing")) {
      BootException failed = assertThrows(BootException.class, () -> apps.boot(path, null));
      assertEquals(ErrorType.DIRTY_APP_NOT_FOUND_ERROR, failed.type);
    }
  }

  @Test
  void whatFailsInAnAppIsItsOwn() {
    String path = "gdproto.worker:AppsTest$Unmade";
    BootException byPath = assertThrows(BootException.class, () -> apps.boot(path, null));
    BootException made = assertThrows(BootException.class, () -> apps.boot("a:B", Unmade::new));
    for (BootException failed : List.of(byPath, made)) {
      assertEquals(ErrorType.DIRTY_APP_ERROR, failed.type);
      assertInstanceOf(IllegalStateException.class, failed.getCause());
    }
  }

  @Test
  void theLastIsClosedFirstAndOneThatFailsKeepsNobody() throws BootException {
    List<String> closed = new ArrayList<>();
    for (String path : List.of("a:A", "b:B")) {
      apps.boot(
          path,
          () ->
              new Good() {
                @Override
                public void close() {
                  closed.add(path);
                  throw new IllegalStateException("it stays open");
                }
              });
    }
    apps.close();
    assertEquals(List.of("b:B", "a:A"), closed);
  }
}

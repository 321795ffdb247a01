package gdproto.client;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import gdproto.gd.DirtyException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledIfEnvironmentVariable;

/**
 * The operations of the stash, asked of an arbiter that DIRTY_SOCKET names; {@code make peers}
 * starts one.
 */
@Timeout(60)
@EnabledIfEnvironmentVariable(named = "DIRTY_SOCKET", matches = ".+")
class StashTest {
  private static final String NAME = "java-" + ProcessHandle.current().pid();
  private Client client;
  private Table table;

  @BeforeEach
  void start() {
    client = Client.ofEnvironment();
    table = client.table(NAME);
  }

  @AfterEach
  void stop() {
    table.deleteTable();
    client.close();
  }

  @Test
  void keysAndValues() {
    assertTrue(table.put("k", 1, 60));
    assertEquals(1L, table.get("k"));
    double ttl = (Double) table.ttl("k");
    assertTrue(0 < ttl && ttl <= 60);
    assertTrue(table.touch("k"));
    assertNull(table.ttl("k"));
    assertTrue(table.touch("k", 60));
    assertFalse(table.putIfAbsent("k", 2));
    assertTrue(table.exists("k"));
    assertFalse(table.exists("l"));
    assertEquals(1L, table.pop("k"));
    assertThrows(DirtyException.StashKeyNotFoundException.class, () -> table.get("k"));
    assertTrue(table.putIfAbsent("k", 2, 60));
    assertTrue(table.delete("k"));
    assertFalse(table.delete("k"));
  }

  @Test
  void numbersAndVersions() {
    assertEquals(1L, table.incr("n"));
    assertEquals(2.5, table.incr("n", 1.5, null, null));
    assertEquals(12L, table.incr("m", 2, 10, 60));
    Map<String, Object> entry = table.entry("n");
    assertEquals(2.5, entry.get("value"));
    assertNull(entry.get("ttl"));
    Long version = (Long) entry.get("version");
    assertNotEquals(0, table.swap("n", "new", version, null));
    assertEquals(0, table.swap("n", "newer", version, null));
    assertEquals("new", table.get("n"));
  }

  @Test
  void manyAtOnce() {
    List<Object> one = List.of("x1", 1L);
    List<Object> three = List.of("y", 3L);
    assertTrue(table.putMany(List.of(one, List.of("x2", 2L), three)));
    assertEquals(List.of(three, one), table.getMany(List.of("y", "z", "x1")));
    assertEquals(3, table.keys().size());
    assertEquals(List.of("x1"), table.keys("x1*"));
    Map<String, Object> first = table.page("x*", null, 1L);
    Map<String, Object> next = table.page("x*", first.get("next"), null);
    // In which order keys come, nobody says.
    List<Object> keys = new ArrayList<>((List<?>) first.get("keys"));
    assertEquals(1, keys.size());
    keys.addAll((List<?>) next.get("keys"));
    assertEquals(Set.of("x1", "x2"), Set.copyOf(keys));
    assertEquals(2, keys.size());
  }

  @Test
  void lists() {
    assertEquals(1, table.pushRight("l", "b"));
    assertEquals(2, table.pushLeft("l", "a"));
    assertEquals(2, table.length("l"));
    assertEquals("a", table.popLeft("l"));
    assertEquals("b", table.popRight("l"));
    assertThrows(DirtyException.StashKeyNotFoundException.class, () -> table.popLeft("l", 0.001));
  }

  @Test
  void changes() {
    Object before = table.changes().get("next");
    table.put("c", 1);
    Map<String, Object> after = table.changes(null, before, null, 10);
    assertEquals(List.of(Map.of("kind", "put", "key", "c")), after.get("changes"));
  }

  @Test
  void tables() {
    assertFalse(table.exists());
    assertTrue(table.ensure());
    assertTrue(table.exists());
    assertTrue(client.stash().tables().contains(NAME));
    table.put("k", 1);
    assertTrue(table.clear());
    assertEquals(0L, table.info().get("size"));
    assertTrue(table.deleteTable());
    assertFalse(table.deleteTable());
    assertThrows(DirtyException.StashTableNotFoundException.class, table::info);
  }
}

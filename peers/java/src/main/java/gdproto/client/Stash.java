package gdproto.client;

import gdproto.gd.DirtyException;
import java.util.List;
import java.util.Map;

/** What is asked most of the tables that all workers and clients of an arbiter share. */
public final class Stash {
  private final Client client;

  Stash(Client client) {
    this.client = client;
  }

  /** Keeps a value under a key. */
  public void put(String table, Object key, Object value) {
    client.table(table).put(key, value);
  }

  /** The value of a key; throws {@link DirtyException.StashKeyNotFoundException} for none. */
  public Object get(String table, Object key) {
    return client.table(table).get(key);
  }

  /** Takes a key away; returns whether it was there. */
  public boolean delete(String table, Object key) {
    return client.table(table).delete(key);
  }

  /** All keys. */
  public List<?> keys(String table) {
    return client.table(table).keys();
  }

  /** The keys that are texts and fit a pattern, such as {@code user:*}. */
  public List<?> keys(String table, String pattern) {
    return client.table(table).keys(pattern);
  }

  /** Takes all keys away. */
  public void clear(String table) {
    client.table(table).clear();
  }

  /** The table's size; throws {@link DirtyException.StashTableNotFoundException} for none. */
  public Map<?, ?> info(String table) {
    return client.table(table).info();
  }

  /** Makes the table, unless it is there. */
  public void ensure(String table) {
    client.table(table).ensure();
  }

  /** Takes the table away; returns whether it was there. */
  public boolean deleteTable(String table) {
    return client.table(table).deleteTable();
  }

  /** The names of all tables. */
  public List<?> tables() {
    return Table.tables(client);
  }

  /** Whether there is such a table. */
  public boolean exists(String table) {
    return client.table(table).exists();
  }

  /** Whether the table has such a key. */
  public boolean exists(String table, Object key) {
    return client.table(table).exists(key);
  }
}

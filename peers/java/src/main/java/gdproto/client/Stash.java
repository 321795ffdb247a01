package gdproto.client;

import gdproto.gd.DirtyException;
import gdproto.gd.ErrorType;
import gdproto.gd.Message;
import gdproto.gd.StashOp;
import java.util.List;
import java.util.Map;

/** The tables that all workers and clients of an arbiter share; a key is no list and no dict. */
public final class Stash {
  private final Client client;

  Stash(Client client) {
    this.client = client;
  }

  /** Keeps a value under a key. */
  public void put(String table, Object key, Object value) {
    ask(StashOp.PUT, table, key, value, null);
  }

  /** The value of a key; throws {@link DirtyException.StashKeyNotFoundException} for none. */
  public Object get(String table, Object key) {
    return ask(StashOp.GET, table, key, null, null);
  }

  /** Takes a key away; returns whether it was there. */
  public boolean delete(String table, Object key) {
    return (Boolean) ask(StashOp.DELETE, table, key, null, null);
  }

  /** All keys. */
  public List<?> keys(String table) {
    return (List<?>) ask(StashOp.KEYS, table, null, null, null);
  }

  /** The keys that are texts and fit a pattern, such as {@code user:*}. */
  public List<?> keys(String table, String pattern) {
    return (List<?>) ask(StashOp.KEYS, table, null, null, pattern);
  }

  /** Takes all keys away. */
  public void clear(String table) {
    ask(StashOp.CLEAR, table, null, null, null);
  }

  /** The table's size; throws {@link DirtyException.StashTableNotFoundException} for none. */
  public Map<?, ?> info(String table) {
    return (Map<?, ?>) ask(StashOp.INFO, table, null, null, null);
  }

  /** Makes the table, unless it is there. */
  public void ensure(String table) {
    ask(StashOp.ENSURE, table, null, null, null);
  }

  /** Takes the table away; returns whether it was there. */
  public boolean deleteTable(String table) {
    return (Boolean) ask(StashOp.DELETE_TABLE, table, null, null, null);
  }

  /** The names of all tables. */
  public List<?> tables() {
    return (List<?>) ask(StashOp.TABLES, "", null, null, null);
  }

  /** Whether there is such a table. */
  public boolean exists(String table) {
    return (Boolean) ask(StashOp.EXISTS, table, null, null, null);
  }

  /** Whether the table has such a key. */
  public boolean exists(String table, Object key) {
    return (Boolean) ask(StashOp.EXISTS, table, key, null, null);
  }

  private Object ask(StashOp op, String table, Object key, Object value, String pattern) {
    try {
      return client.ask(
          id ->
              new Message.Stash(
                  id, op.code(), table, key, value, pattern, null, null, null, null, null, null));
    } catch (DirtyException failure) {
      throw known(failure);
    }
  }

  /** An arbiter of gunicorn has no types for what is not found, but texts. */
  private static DirtyException known(DirtyException failure) {
    String told = failure.getMessage();
    if (failure.type() != ErrorType.DIRTY_ERROR || told == null) {
      return failure;
    } else if (told.startsWith("Key not found: ")) {
      return DirtyException.of(ErrorType.STASH_KEY_NOT_FOUND_ERROR, told, failure.details());
    } else if (told.startsWith("Table not found: ")) {
      return DirtyException.of(ErrorType.STASH_TABLE_NOT_FOUND_ERROR, told, failure.details());
    }
    return failure;
  }
}

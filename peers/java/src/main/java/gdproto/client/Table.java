// @generated from spec/ (4db3d56a9a427fba) by python -m spec.codegen --write; do not edit
package gdproto.client;

import gdproto.gd.DirtyException;
import gdproto.gd.Message;
import gdproto.gd.StashOp;
import java.util.List;
import java.util.Map;

/**
 * A table of the stash, which the arbiter keeps for all of its clients and workers. Keys are
 * neither lists nor maps. What an operation need not be given may be null.
 */
public final class Table extends Asking {
  private final String name;

  Table(Client client, String name) {
    super(client);
    this.name = name;
  }

  /**
   * Store {@code value} under {@code key}. Throws {@link DirtyException.StashException} when there
   * is no room.
   */
  public boolean put(Object key, Object value) {
    return bool(ask(StashOp.PUT, key, value, null, null, null, null, null, null, null));
  }

  /**
   * Store {@code value} under {@code key}. Throws {@link DirtyException.StashException} when there
   * is no room.
   */
  public boolean put(Object key, Object value, Number ttl) {
    return bool(ask(StashOp.PUT, key, value, null, ttl, null, null, null, null, null));
  }

  /**
   * The value of {@code key}. Throws {@link DirtyException.StashKeyNotFoundException} when the key
   * or the table is missing.
   */
  public Object get(Object key) {
    return ask(StashOp.GET, key, null, null, null, null, null, null, null, null);
  }

  /** Remove {@code key}; false when it was missing. */
  public boolean delete(Object key) {
    return bool(ask(StashOp.DELETE, key, null, null, null, null, null, null, null, null));
  }

  /** The keys, or those strings among them that match {@code * ? [seq] [!seq]}. */
  public List<?> keys() {
    return list(ask(StashOp.KEYS, null, null, null, null, null, null, null, null, null));
  }

  /** The keys, or those strings among them that match {@code * ? [seq] [!seq]}. */
  public List<?> keys(String pattern) {
    return list(ask(StashOp.KEYS, null, null, pattern, null, null, null, null, null, null));
  }

  /** Remove every key of the table. */
  public boolean clear() {
    return bool(ask(StashOp.CLEAR, null, null, null, null, null, null, null, null, null));
  }

  /**
   * How large the table is. Throws {@link DirtyException.StashTableNotFoundException} when the
   * table is missing.
   */
  public Map<String, Object> info() {
    return map(ask(StashOp.INFO, null, null, null, null, null, null, null, null, null));
  }

  /**
   * Have the table, if only empty. Throws {@link DirtyException.StashException} when there is no
   * room.
   */
  public boolean ensure() {
    return bool(ask(StashOp.ENSURE, null, null, null, null, null, null, null, null, null));
  }

  /** Remove the table; false when it was missing. */
  public boolean deleteTable() {
    return bool(ask(StashOp.DELETE_TABLE, null, null, null, null, null, null, null, null, null));
  }

  /** The names of all tables. */
  static List<?> tables(Client client) {
    Table none = new Table(client, "");
    return list(none.ask(StashOp.TABLES, null, null, null, null, null, null, null, null, null));
  }

  /** Whether the table has {@code key}; without a key, whether there is such a table. */
  public boolean exists() {
    return bool(ask(StashOp.EXISTS, null, null, null, null, null, null, null, null, null));
  }

  /** Whether the table has {@code key}; without a key, whether there is such a table. */
  public boolean exists(Object key) {
    return bool(ask(StashOp.EXISTS, key, null, null, null, null, null, null, null, null));
  }

  /**
   * Store {@code value} under {@code key}, if it is missing; false when it was there. Throws {@link
   * DirtyException.StashException} when there is no room.
   */
  public boolean putIfAbsent(Object key, Object value) {
    return bool(ask(StashOp.PUT_IF_ABSENT, key, value, null, null, null, null, null, null, null));
  }

  /**
   * Store {@code value} under {@code key}, if it is missing; false when it was there. Throws {@link
   * DirtyException.StashException} when there is no room.
   */
  public boolean putIfAbsent(Object key, Object value, Number ttl) {
    return bool(ask(StashOp.PUT_IF_ABSENT, key, value, null, ttl, null, null, null, null, null));
  }

  /**
   * Take out {@code key}: its value. Throws {@link DirtyException.StashKeyNotFoundException} when
   * the key or the table is missing.
   */
  public Object pop(Object key) {
    return ask(StashOp.POP, key, null, null, null, null, null, null, null, null);
  }

  /**
   * Add {@code value}, or 1, to the number of {@code key}, or to {@code initial}, or 0, when it is
   * missing. Throws {@link DirtyException.StashException} when there is no number, it would be too
   * large, or there is no room.
   */
  public Number incr(Object key) {
    return number(ask(StashOp.INCR, key, null, null, null, null, null, null, null, null));
  }

  /**
   * Add {@code value}, or 1, to the number of {@code key}, or to {@code initial}, or 0, when it is
   * missing. Throws {@link DirtyException.StashException} when there is no number, it would be too
   * large, or there is no room.
   */
  public Number incr(Object key, Object value, Number initial, Number ttl) {
    return number(ask(StashOp.INCR, key, value, null, ttl, initial, null, null, null, null));
  }

  /**
   * Let {@code key} live {@code ttl} seconds from now, or for ever; false when it was missing.
   * Throws {@link DirtyException.StashException} when there is no room.
   */
  public boolean touch(Object key) {
    return bool(ask(StashOp.TOUCH, key, null, null, null, null, null, null, null, null));
  }

  /**
   * Let {@code key} live {@code ttl} seconds from now, or for ever; false when it was missing.
   * Throws {@link DirtyException.StashException} when there is no room.
   */
  public boolean touch(Object key, Number ttl) {
    return bool(ask(StashOp.TOUCH, key, null, null, ttl, null, null, null, null, null));
  }

  /**
   * How long {@code key} lives: seconds, or none. Throws {@link
   * DirtyException.StashKeyNotFoundException} when the key or the table is missing.
   */
  public Object ttl(Object key) {
    return ask(StashOp.TTL, key, null, null, null, null, null, null, null, null);
  }

  /**
   * The value of {@code key}, with its version. Throws {@link
   * DirtyException.StashKeyNotFoundException} when the key or the table is missing. Throws {@link
   * DirtyException.StashException} when there is no room.
   */
  public Map<String, Object> entry(Object key) {
    return map(ask(StashOp.ENTRY, key, null, null, null, null, null, null, null, null));
  }

  /**
   * Store {@code value} under {@code key} if that has {@code version}, 0 for one that is missing.
   * The new version, or 0. Throws {@link DirtyException.StashException} when there is no room.
   */
  public long swap(Object key, Object value) {
    return integer(ask(StashOp.SWAP, key, value, null, null, null, null, null, null, null));
  }

  /**
   * Store {@code value} under {@code key} if that has {@code version}, 0 for one that is missing.
   * The new version, or 0. Throws {@link DirtyException.StashException} when there is no room.
   */
  public long swap(Object key, Object value, Long version, Number ttl) {
    return integer(ask(StashOp.SWAP, key, value, null, ttl, null, version, null, null, null));
  }

  /** A list of key and value for each key of the list {@code value} that is there. */
  public List<?> getMany(Object value) {
    return list(ask(StashOp.GET_MANY, null, value, null, null, null, null, null, null, null));
  }

  /**
   * Store what the list {@code value} has lists of, a key and its value: all of it, or nothing.
   * Throws {@link DirtyException.StashException} when there is no room.
   */
  public boolean putMany(Object value) {
    return bool(ask(StashOp.PUT_MANY, null, value, null, null, null, null, null, null, null));
  }

  /**
   * Store what the list {@code value} has lists of, a key and its value: all of it, or nothing.
   * Throws {@link DirtyException.StashException} when there is no room.
   */
  public boolean putMany(Object value, Number ttl) {
    return bool(ask(StashOp.PUT_MANY, null, value, null, ttl, null, null, null, null, null));
  }

  /**
   * Up to {@code count} of the keys, as of {@code keys}, behind those of the page that names {@code
   * after}.
   */
  public Map<String, Object> page() {
    return map(ask(StashOp.PAGE, null, null, null, null, null, null, null, null, null));
  }

  /**
   * Up to {@code count} of the keys, as of {@code keys}, behind those of the page that names {@code
   * after}.
   */
  public Map<String, Object> page(String pattern, Object after, Long count) {
    return map(ask(StashOp.PAGE, null, null, pattern, null, null, null, count, after, null));
  }

  /**
   * Add {@code value} before all items of the list {@code key}. How many it has then. Throws {@link
   * DirtyException.StashException} when there is no room.
   */
  public long pushLeft(Object key, Object value) {
    return integer(ask(StashOp.PUSH_LEFT, key, value, null, null, null, null, null, null, null));
  }

  /**
   * Add {@code value} behind all items of the list {@code key}. How many it has then. Throws {@link
   * DirtyException.StashException} when there is no room.
   */
  public long pushRight(Object key, Object value) {
    return integer(ask(StashOp.PUSH_RIGHT, key, value, null, null, null, null, null, null, null));
  }

  /**
   * Take out the first item of the list {@code key}; wait up to {@code wait} seconds for one.
   * Throws {@link DirtyException.StashKeyNotFoundException} when the list has no items.
   */
  public Object popLeft(Object key) {
    return ask(StashOp.POP_LEFT, key, null, null, null, null, null, null, null, null);
  }

  /**
   * Take out the first item of the list {@code key}; wait up to {@code wait} seconds for one.
   * Throws {@link DirtyException.StashKeyNotFoundException} when the list has no items.
   */
  public Object popLeft(Object key, Number wait_) {
    return ask(StashOp.POP_LEFT, key, null, null, null, null, null, null, null, wait_);
  }

  /**
   * Take out the last item of the list {@code key}; wait up to {@code wait} seconds for one. Throws
   * {@link DirtyException.StashKeyNotFoundException} when the list has no items.
   */
  public Object popRight(Object key) {
    return ask(StashOp.POP_RIGHT, key, null, null, null, null, null, null, null, null);
  }

  /**
   * Take out the last item of the list {@code key}; wait up to {@code wait} seconds for one. Throws
   * {@link DirtyException.StashKeyNotFoundException} when the list has no items.
   */
  public Object popRight(Object key, Number wait_) {
    return ask(StashOp.POP_RIGHT, key, null, null, null, null, null, null, null, wait_);
  }

  /** How many items the list {@code key} has, 0 where it is missing. */
  public long length(Object key) {
    return integer(ask(StashOp.LENGTH, key, null, null, null, null, null, null, null, null));
  }

  /**
   * Up to {@code count} changes of the table behind the place {@code after}, of keys and lists as
   * of {@code keys}; wait up to {@code wait} seconds for one. Throws {@link
   * DirtyException.StashException} when too many tables are watched.
   */
  public Map<String, Object> changes() {
    return map(ask(StashOp.CHANGES, null, null, null, null, null, null, null, null, null));
  }

  /**
   * Up to {@code count} changes of the table behind the place {@code after}, of keys and lists as
   * of {@code keys}; wait up to {@code wait} seconds for one. Throws {@link
   * DirtyException.StashException} when too many tables are watched.
   */
  public Map<String, Object> changes(String pattern, Object after, Long count, Number wait_) {
    return map(ask(StashOp.CHANGES, null, null, pattern, null, null, null, count, after, wait_));
  }

  private Object ask(
      StashOp op,
      Object key,
      Object value,
      String pattern,
      Number ttl,
      Number initial,
      Long version,
      Long count,
      Object after,
      Number wait_) {
    return answer(
        id ->
            new Message.Stash(
                id, op.code(), name, key, value, pattern, ttl, initial, version, count, after,
                wait_));
  }
}

//! The operations of the stash, asked of an arbiter that DIRTY_SOCKET names; `make peers` starts one.

use dirty::client::{Client, Error, Table};
use dirty::gd::{Dict, ErrorType, Value};

fn list(items: impl IntoIterator<Item = Value>) -> Value {
    Value::List(items.into_iter().collect())
}

fn pair(key: &str, value: i64) -> Value {
    list([key.into(), value.into()])
}

fn missing<T: std::fmt::Debug>(came: Result<T, Error>) -> ErrorType {
    came.expect_err("it is missing").error_type
}

fn held(dict: &Dict, key: &str) -> Value {
    dict.get(key).expect("the answer has it").clone()
}

#[test]
fn every_operation_is_asked() -> Result<(), Error> {
    if std::env::var_os("DIRTY_SOCKET").is_none() {
        eprintln!("skipped: DIRTY_SOCKET names no arbiter");
        return Ok(());
    }
    let client = Client::from_env()?;
    let name = format!("rust-{}", std::process::id());
    let table = client.table(&name);
    assert!(table.ensure().send()? && table.exists().send()?);
    assert!(client.tables().send()?.contains(&name));
    keys_and_values(&table)?;
    numbers_and_versions(&table)?;
    many_at_once(&table)?;
    lists(&table)?;
    changes(&table)?;
    assert!(table.clear().send()?);
    assert_eq!(held(&table.info().send()?, "size"), 0.into());
    assert!(table.delete_table().send()? && !table.delete_table().send()?);
    assert_eq!(missing(table.info().send()), ErrorType::StashTableNotFoundError);
    assert!(!table.exists().send()?);
    Ok(())
}

fn keys_and_values(table: &Table) -> Result<(), Error> {
    assert!(table.put("k", 1).ttl(60).send()?);
    assert_eq!(table.get("k").send()?, 1.into());
    assert!(matches!(table.ttl("k").send()?, Value::Float(left) if 0.0 < left && left <= 60.0));
    assert!(table.touch("k").send()?);
    assert_eq!(table.ttl("k").send()?, Value::None);
    assert!(!table.put_if_absent("k", 2).send()?);
    assert!(table.exists().key("k").send()? && !table.exists().key("l").send()?);
    assert_eq!(table.pop("k").send()?, 1.into());
    assert_eq!(missing(table.get("k").send()), ErrorType::StashKeyNotFoundError);
    assert_eq!(table.get("k").optional()?, None);
    assert!(table.put_if_absent("k", 2).send()?);
    assert!(table.delete("k").send()? && !table.delete("k").send()?);
    Ok(())
}

fn numbers_and_versions(table: &Table) -> Result<(), Error> {
    assert_eq!(table.incr("n").send()?, 1.into());
    assert_eq!(table.incr("n").value(1.5).send()?, 2.5.into());
    assert_eq!(table.incr("m").value(2).initial(10).ttl(60).send()?, 12.into());
    let entry = table.entry("n").send()?;
    assert_eq!((held(&entry, "value"), held(&entry, "ttl")), (2.5.into(), Value::None));
    let Value::Integer(version) = held(&entry, "version") else { panic!("no number") };
    assert!(table.swap("n", "new").version(version).send()? > 0);
    assert_eq!(table.swap("n", "newer").version(version).send()?, 0);
    assert_eq!(table.get("n").send()?, "new".into());
    Ok(())
}

fn many_at_once(table: &Table) -> Result<(), Error> {
    assert!(table.clear().send()?);
    assert!(table.put_many(list([pair("x1", 1), pair("x2", 2), pair("y", 3)])).send()?);
    let came = table.get_many(list(["y".into(), "z".into(), "x1".into()])).send()?;
    assert_eq!(came, [pair("y", 3), pair("x1", 1)]);
    assert_eq!(table.keys().send()?.len(), 3);
    assert_eq!(table.keys().pattern("x1*").send()?, ["x1".into()]);
    let first = table.page().pattern("x*").count(1).send()?;
    let next = table.page().pattern("x*").after(held(&first, "next")).send()?;
    // In which order keys come, nobody says.
    let mut both = [held(&first, "keys"), held(&next, "keys")];
    both.sort_by_key(|keys| format!("{keys:?}"));
    assert_eq!(both, [list(["x1".into()]), list(["x2".into()])]);
    Ok(())
}

fn lists(table: &Table) -> Result<(), Error> {
    assert_eq!(table.push_right("l", "b").send()?, 1);
    assert_eq!(table.push_left("l", "a").send()?, 2);
    assert_eq!(table.length("l").send()?, 2);
    assert_eq!(table.pop_left("l").send()?, "a".into());
    assert_eq!(table.pop_right("l").send()?, "b".into());
    let late = table.pop_left("l").wait(0.001).send();
    assert_eq!(missing(late), ErrorType::StashKeyNotFoundError);
    Ok(())
}

fn changes(table: &Table) -> Result<(), Error> {
    let before = table.changes().send()?;
    table.put("c", 1).send()?;
    let after = table.changes().after(held(&before, "next")).wait(10).send()?;
    let mut change = Dict::new();
    change.push("kind", "put");
    change.push("key", "c");
    assert_eq!(held(&after, "changes"), list([Value::Dict(change)]));
    Ok(())
}

// @generated from spec/ (4db3d56a9a427fba) by python -m spec.codegen --write; do not edit
//! Each number of the declaration has its name.

use dirty::gd::messages::{ManageOp, StashOp};
use dirty::gd::{limits, MessageType};

#[test]
fn every_number_has_its_name() {
    let numbers = [
        ("i64::from(StashOp::Put)", i64::from(StashOp::Put), 1),
        ("i64::from(StashOp::Get)", i64::from(StashOp::Get), 2),
        ("i64::from(StashOp::Delete)", i64::from(StashOp::Delete), 3),
        ("i64::from(StashOp::Keys)", i64::from(StashOp::Keys), 4),
        ("i64::from(StashOp::Clear)", i64::from(StashOp::Clear), 5),
        ("i64::from(StashOp::Info)", i64::from(StashOp::Info), 6),
        ("i64::from(StashOp::Ensure)", i64::from(StashOp::Ensure), 7),
        ("i64::from(StashOp::DeleteTable)", i64::from(StashOp::DeleteTable), 8),
        ("i64::from(StashOp::Tables)", i64::from(StashOp::Tables), 9),
        ("i64::from(StashOp::Exists)", i64::from(StashOp::Exists), 10),
        ("i64::from(StashOp::PutIfAbsent)", i64::from(StashOp::PutIfAbsent), 11),
        ("i64::from(StashOp::Pop)", i64::from(StashOp::Pop), 12),
        ("i64::from(StashOp::Incr)", i64::from(StashOp::Incr), 13),
        ("i64::from(StashOp::Touch)", i64::from(StashOp::Touch), 14),
        ("i64::from(StashOp::Ttl)", i64::from(StashOp::Ttl), 15),
        ("i64::from(StashOp::Entry)", i64::from(StashOp::Entry), 16),
        ("i64::from(StashOp::Swap)", i64::from(StashOp::Swap), 17),
        ("i64::from(StashOp::GetMany)", i64::from(StashOp::GetMany), 18),
        ("i64::from(StashOp::PutMany)", i64::from(StashOp::PutMany), 19),
        ("i64::from(StashOp::Page)", i64::from(StashOp::Page), 20),
        ("i64::from(StashOp::PushLeft)", i64::from(StashOp::PushLeft), 21),
        ("i64::from(StashOp::PushRight)", i64::from(StashOp::PushRight), 22),
        ("i64::from(StashOp::PopLeft)", i64::from(StashOp::PopLeft), 23),
        ("i64::from(StashOp::PopRight)", i64::from(StashOp::PopRight), 24),
        ("i64::from(StashOp::Length)", i64::from(StashOp::Length), 25),
        ("i64::from(StashOp::Changes)", i64::from(StashOp::Changes), 26),
        ("i64::from(ManageOp::Add)", i64::from(ManageOp::Add), 1),
        ("i64::from(ManageOp::Remove)", i64::from(ManageOp::Remove), 2),
        ("i64::from(ManageOp::Reload)", i64::from(ManageOp::Reload), 3),
        ("i64::from(ManageOp::Set)", i64::from(ManageOp::Set), 4),
        ("i64::from(ManageOp::Calls)", i64::from(ManageOp::Calls), 5),
        ("i64::from(ManageOp::Stacks)", i64::from(ManageOp::Stacks), 6),
        ("i64::from(ManageOp::Kill)", i64::from(ManageOp::Kill), 7),
        ("i64::from(ManageOp::Recycle)", i64::from(ManageOp::Recycle), 8),
        ("i64::from(MessageType::Request.code())", i64::from(MessageType::Request.code()), 1),
        ("i64::from(MessageType::Response.code())", i64::from(MessageType::Response.code()), 2),
        ("i64::from(MessageType::Error.code())", i64::from(MessageType::Error.code()), 3),
        ("i64::from(MessageType::Chunk.code())", i64::from(MessageType::Chunk.code()), 4),
        ("i64::from(MessageType::End.code())", i64::from(MessageType::End.code()), 5),
        ("i64::from(MessageType::Stash.code())", i64::from(MessageType::Stash.code()), 16),
        ("i64::from(MessageType::Status.code())", i64::from(MessageType::Status.code()), 17),
        ("i64::from(MessageType::Manage.code())", i64::from(MessageType::Manage.code()), 18),
        ("i64::from(MessageType::Cancel.code())", i64::from(MessageType::Cancel.code()), 128),
        ("i64::from(MessageType::Pause.code())", i64::from(MessageType::Pause.code()), 129),
        ("i64::from(MessageType::Resume.code())", i64::from(MessageType::Resume.code()), 130),
        ("limits::MAX_PAYLOAD_BYTES as i64", limits::MAX_PAYLOAD_BYTES as i64, 67108864),
        ("limits::MAX_BLOB_BYTES as i64", limits::MAX_BLOB_BYTES as i64, 67108864),
        ("limits::MAX_ITEMS as i64", limits::MAX_ITEMS as i64, 1048576),
        ("limits::MAX_DEPTH as i64", limits::MAX_DEPTH as i64, 512),
    ];
    for (name, is, declared) in numbers {
        assert_eq!(is, declared, "{name}");
    }
}

//! A panic in the middle of a change is an error of one call; no group is lost by it.

use crate::group::OwnGroup;
use crate::receive::panics;
use crate::socket::handles;
use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};

fn names(groups: &[OwnGroup]) -> BTreeSet<&str> {
    groups.iter().filter(|group| group.listener).map(|group| &*group.name).collect()
}

/// The groups of this test that the process listens to.
fn joined() -> BTreeSet<String> {
    let own = super::own_groups();
    names(&own).into_iter().filter(|name| name.contains(":239.77.1.")).map(Into::into).collect()
}

#[test]
fn a_panic_loses_no_group() {
    let lo = watch::by_name("lo").unwrap().unwrap().index;
    let handle = handles::create(&[lo]).unwrap();
    let socket = handles::find(handle).unwrap();
    let all: Vec<String> = (1..=5).map(|i| format!("ham:ip:239.77.1.{i}:7777")).collect();
    for name in &all[..4] {
        socket.join(name.as_bytes()).unwrap();
    }
    let before: BTreeSet<String> = all[..4].iter().cloned().collect();
    assert_eq!(joined(), before);

    // In a join: the group itself is not joined, and can be.
    panics::after(0);
    assert!(catch_unwind(AssertUnwindSafe(|| socket.join(all[4].as_bytes()))).is_err());
    assert_eq!(joined(), before);
    socket.join(all[4].as_bytes()).unwrap();
    let whole: BTreeSet<String> = all.iter().cloned().collect();
    assert_eq!(joined(), whole);

    // While all groups are joined anew at an Interface that comes back: the next change makes up for it.
    socket.del_interface(lo).unwrap();
    assert!(joined().is_empty());
    panics::after(2);
    assert!(catch_unwind(AssertUnwindSafe(|| socket.add_interface(lo))).is_err());
    assert_eq!(joined().len(), 2);
    socket.del_interface(lo).unwrap();
    socket.add_interface(lo).unwrap();
    assert_eq!(joined(), whole);

    // And each of them still hears, once.
    let sender = handles::create(&[lo]).unwrap();
    for name in &all {
        handles::find_to_send(sender).unwrap().send(name.as_bytes(), name.as_bytes()).unwrap();
        let mut buf = [std::mem::MaybeUninit::uninit(); 100];
        let received = socket.receive_from(None, &mut buf).unwrap();
        assert_eq!((&*received.group, received.len), (name.as_str(), name.len()));
    }
    drop(socket);
    handles::delete(sender).unwrap();
    handles::delete(handle).unwrap();
}

//! What is heard is what was asked for, whoever hears it: beside a model that is a list.

use super::*;
use proptest::prelude::*;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Mutex;
use sys::udp::Origin;

const LO: u32 = 1;

/// Who reads: a list of receivers.
#[derive(Default)]
struct Listed(Mutex<Vec<Arc<Receiver>>>);

impl Readers for Listed {
    fn add(&self, receiver: &Arc<Receiver>) -> io::Result<()> {
        self.0.lock().unwrap().push(receiver.clone());
        Ok(())
    }

    fn remove(&self, receiver: &Arc<Receiver>, membership: Option<&Membership>) {
        if let Some(membership) = membership {
            let _ = udp::leave(&receiver.fd, membership);
        }
        let mut all = self.0.lock().unwrap();
        let at = all.iter().position(|r| Arc::ptr_eq(r, receiver)).expect("it was added");
        all.remove(at);
    }

    fn rescue(&self, _: &Arc<Receiver>) {}
}

struct Room {
    readers: Arc<Listed>,
    seats: Seats<Listed>,
    counters: Arc<InterfaceCounters>,
}

fn name(group: u8) -> Arc<str> {
    format!("ham:ip:239.78.1.{group}").into()
}

fn address(group: u8) -> IpAddr {
    Ipv4Addr::new(239, 78, 1, group).into()
}

impl Room {
    fn new() -> Room {
        let readers = Arc::<Listed>::default();
        let settings = IpSettings { receive_buffer: 8192, send_buffer: 8192, loopback: true };
        Room { seats: Seats::new(readers.clone(), settings), readers, counters: Arc::default() }
    }

    fn take(&mut self, group: u8, port: u16) -> SeatId {
        let membership = Membership { group: address(group), source: None, ifindex: LO };
        let endpoint = Endpoint { membership, port };
        let request = Request { name: &name(group), endpoint, decoding: None, counters: &self.counters };
        self.seats.take(&request).unwrap()
    }

    /// How many receivers hear the group at the port for the application.
    fn heard(&self, group: u8, port: u16) -> usize {
        let origin = Origin { from: Origin::unknown().from, to: Some(address(group)) };
        let at = |receiver: &Receiver| udp::port(&receiver.fd).unwrap() == port;
        let name = name(group);
        let hears = |receiver: &Receiver| match receiver.place().0 {
            Some(own) => own == name,
            None => receiver.wants(&origin),
        };
        self.readers.0.lock().unwrap().iter().filter(|r| at(r) && hears(r)).count()
    }

    fn receivers(&self) -> usize {
        self.readers.0.lock().unwrap().len()
    }
}

#[test]
fn with_one_more_than_a_crowd_all_share_one() {
    let mut room = Room::new();
    let mut seats: Vec<_> = (0..CROWD as u8).map(|group| room.take(group, 7801)).collect();
    assert_eq!(room.receivers(), CROWD);
    assert!(seats.iter().all(|seat| !room.seats.is_shared(*seat)));
    seats.push(room.take(CROWD as u8, 7801));
    assert_eq!(room.receivers(), 1);
    assert!(seats.iter().all(|seat| room.seats.is_shared(*seat)));
    // Another port is another matter.
    let other = room.take(1, 7802);
    assert!(!room.seats.is_shared(other) && room.receivers() == 2);
    assert!((0..=CROWD as u8).all(|group| room.heard(group, 7801) == 1));
    seats.iter().for_each(|seat| room.seats.give_up(*seat));
    assert_eq!((room.heard(1, 7801), room.heard(1, 7802), room.receivers()), (0, 1, 1));
    room.seats.give_up(other);
    assert_eq!(room.receivers(), 0);
}

#[test]
fn a_seat_that_cannot_be_taken_leaves_nothing() {
    let mut room = Room::new();
    let membership = Membership { group: address(1), source: None, ifindex: 0x7fff_fff0 };
    let endpoint = Endpoint { membership, port: 7803 };
    let request = Request { name: &name(1), endpoint, decoding: None, counters: &room.counters.clone() };
    assert_eq!(room.seats.take(&request).unwrap_err().raw_os_error(), Some(libc::ENODEV));
    assert_eq!(room.receivers(), 0);
    let seat = room.take(1, 7803);
    // At a device that is not there it is given up, and the place is free again.
    assert!(!room.seats.rejoin(seat, 0x7fff_fff0));
    assert_eq!(room.receivers(), 0);
    assert!(!room.seats.rejoin(seat, LO));
    let seat = room.take(1, 7803);
    assert!(room.seats.rejoin(seat, LO) && room.heard(1, 7803) == 1);
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 12, ..ProptestConfig::default() })]

    /// Joins and leaves across the number from which groups share a receiver, in any order.
    #[test]
    fn each_group_is_heard_once_while_it_is_joined(steps in prop::collection::vec((0u8..90, any::<bool>()), 250)) {
        let mut room = Room::new();
        let mut joined: Vec<(u8, SeatId)> = Vec::new();
        for (group, mostly) in steps {
            match joined.iter().position(|(g, _)| *g == group) {
                None => joined.push((group, room.take(group, 7804))),
                // More come than go, so that there is a crowd.
                Some(at) if mostly => room.seats.give_up(joined.remove(at).1),
                Some(at) => prop_assert!(room.seats.rejoin(joined[at].1, LO)),
            }
        }
        for group in 0..90 {
            let is = joined.iter().any(|(g, _)| *g == group);
            prop_assert_eq!(room.heard(group, 7804), usize::from(is), "group {}", group);
        }
        joined.iter().for_each(|(_, seat)| room.seats.give_up(*seat));
        prop_assert_eq!(room.receivers(), 0);
    }
}

use super::*;
use crate::membership::observer::filter::SOURCES;
use crate::membership::observer::link::ROUTERS;
use proptest::prelude::*;
use std::collections::HashSet;

const G: &str = "239.1.1.1";

fn v4(base: u32, i: usize) -> IpAddr {
    IpAddr::from((base + i as u32).to_be_bytes())
}

fn ip(text: &str) -> IpAddr {
    text.parse().unwrap()
}

/// What hosts say, and what is known of it, at device 2.
struct Lan {
    hosts: Hosts,
    now: Instant,
    known: HashSet<(IpAddr, Option<IpAddr>, IpAddr)>,
}

impl Lan {
    fn new() -> Lan {
        Lan { hosts: Hosts::default(), now: Instant::now(), known: HashSet::new() }
    }

    fn take(&mut self, changes: Vec<RemoteChange>) {
        for change in changes {
            let (state, node, came) = match change {
                RemoteChange::Came(state, node) => (state, node, true),
                RemoteChange::Went(state, node) => (state, node, false),
                RemoteChange::Vanished(_) => panic!("nothing vanishes by itself"),
            };
            let GroupId::Address(group, source) = state.group else { panic!("hosts have no names") };
            let pair = (group, source, node);
            // Each is told once.
            assert!(if came { self.known.insert(pair) } else { self.known.remove(&pair) }, "{pair:?}");
        }
    }

    fn says(&mut self, from: &str, message: Message) {
        let mut out = Vec::new();
        self.hosts.heard(self.now, 2, &Heard { from: ip(from), message }, &mut out);
        self.take(out);
    }

    fn record(&mut self, from: &str, kind: Kind, sources: &[&str]) {
        let sources = sources.iter().map(|s| ip(s)).collect();
        self.says(from, Message::Records(vec![GroupRecord { kind, group: ip(G), sources }]));
    }

    fn query(&mut self, from: &str, group: Option<&str>, response: u64, interval: Option<u64>) {
        let query = Query {
            group: group.map(ip),
            sources: vec![],
            response: Duration::from_millis(response),
            suppress: false,
            robustness: interval.map(|_| 2),
            interval: interval.map(Duration::from_secs),
        };
        self.says(from, Message::Query(query));
    }

    fn passes(&mut self, seconds: f32) {
        self.now += Duration::from_secs_f32(seconds);
        let mut out = Vec::new();
        self.hosts.due(self.now, &mut out);
        self.take(out);
        assert!(self.hosts.deadline().is_none_or(|at| at > self.now));
    }

    /// The hosts that listen, with the sources that they want.
    fn listeners(&self) -> Vec<String> {
        let text = |(_, source, node): &(IpAddr, Option<IpAddr>, IpAddr)| match source {
            Some(source) => format!("{node}<{source}"),
            None => node.to_string(),
        };
        let mut all: Vec<_> = self.known.iter().map(text).collect();
        all.sort();
        all
    }
}

const NONE: [&str; 0] = [];
const A: &str = "10.0.0.1";
const B: &str = "10.0.0.2";

#[test]
fn hosts_of_igmpv3_are_known_one_by_one() {
    let mut lan = Lan::new();
    lan.record(A, Kind::ToExclude, &[]);
    lan.record(B, Kind::ToExclude, &["10.9.9.9"]);
    assert_eq!(lan.listeners(), [A, B]);
    lan.record(A, Kind::ToInclude, &[]);
    assert_eq!(lan.listeners(), [B]);
    // Its word is repeated.
    lan.record(A, Kind::ToInclude, &[]);
    lan.record(B, Kind::ToInclude, &[]);
    assert_eq!(lan.listeners(), NONE);
    assert!(lan.hosts.schedule.is_empty() && lan.hosts.links[&(2, true)].groups.is_empty());
    assert_eq!(lan.hosts.links[&(2, true)].listeners, 0);
}

#[test]
fn sources_come_and_go() {
    let mut lan = Lan::new();
    lan.record(A, Kind::Allow, &["10.9.0.1", "10.9.0.2"]);
    lan.record(A, Kind::IsInclude, &["10.9.0.3"]);
    assert_eq!(lan.listeners(), ["10.0.0.1<10.9.0.1", "10.0.0.1<10.9.0.2", "10.0.0.1<10.9.0.3"]);
    lan.record(A, Kind::Block, &["10.9.0.1", "10.9.0.3"]);
    assert_eq!(lan.listeners(), ["10.0.0.1<10.9.0.2"]);
    lan.record(A, Kind::ToExclude, &[]);
    assert_eq!(lan.listeners(), [A]);
    // What it blocks or allows now are exceptions of "any".
    lan.record(A, Kind::Block, &["10.9.0.2"]);
    lan.record(A, Kind::Allow, &["10.9.0.2"]);
    assert_eq!(lan.listeners(), [A]);
    lan.record(A, Kind::ToInclude, &["10.9.0.2"]);
    assert_eq!(lan.listeners(), ["10.0.0.1<10.9.0.2"]);
    lan.record(A, Kind::Block, &["10.9.0.2"]);
    assert_eq!(lan.listeners(), NONE);
}

#[test]
fn a_host_that_is_silent_grows_old_by_the_queriers_times() {
    let mut lan = Lan::new();
    lan.record(A, Kind::IsExclude, &[]);
    lan.passes(259.0);
    assert_eq!(lan.listeners(), [A]);
    lan.passes(1.5);
    assert_eq!(lan.listeners(), NONE);

    lan.query("10.0.0.254", None, 500, Some(2));
    lan.record(A, Kind::IsExclude, &[]);
    lan.record(B, Kind::Allow, &["10.9.0.1"]);
    lan.passes(4.0);
    lan.record(A, Kind::IsExclude, &[]);
    lan.passes(1.0);
    assert_eq!(lan.listeners(), [A]);
    lan.passes(4.0);
    assert_eq!(lan.listeners(), NONE);
}

#[test]
fn a_querier_that_asks_more_often_makes_old_words_shorter() {
    let mut lan = Lan::new();
    lan.record(A, Kind::IsExclude, &[]);
    lan.query("10.0.0.254", None, 500, Some(2));
    lan.passes(4.0);
    assert_eq!(lan.listeners(), [A]);
    lan.passes(1.0);
    assert_eq!(lan.listeners(), NONE);
}

#[test]
fn a_word_that_holds_less_long_than_the_one_before_is_looked_at_in_time() {
    let mut lan = Lan::new();
    lan.query("10.0.0.254", None, 500, Some(100));
    lan.record(A, Kind::IsExclude, &[]);
    lan.query("10.0.0.254", None, 500, Some(50));
    // Too soon after the other change to rewrite all times again.
    lan.query("10.0.0.254", None, 500, Some(2));
    lan.record(A, Kind::IsExclude, &[]);
    lan.passes(5.0);
    assert_eq!(lan.listeners(), NONE);
}

#[test]
fn a_second_change_of_the_queriers_times_counts_too() {
    let mut lan = Lan::new();
    lan.query("10.0.0.9", None, 10_000, Some(125));
    lan.record(A, Kind::ToExclude, &[]);
    lan.query("10.0.0.9", None, 10_000, Some(100));
    lan.passes(0.5);
    lan.query("10.0.0.9", None, 1000, Some(5));
    lan.passes(10.0);
    assert_eq!(lan.listeners(), [A]);
    lan.passes(1.0);
    assert_eq!(lan.listeners(), NONE);
}

#[test]
fn no_querier_makes_a_word_hold_for_days() {
    let mut lan = Lan::new();
    lan.query("10.0.0.9", None, 3_000_000, Some(31_744));
    lan.record(A, Kind::IsExclude, &[]);
    lan.passes(3.0 * 3600.0);
    assert_eq!(lan.listeners(), NONE);
}

#[test]
fn the_lowest_address_is_the_querier() {
    let mut lan = Lan::new();
    let querier = |lan: &Lan| lan.hosts.querier(lan.now, 2, true);
    lan.query("0.0.0.0", None, 1000, Some(2));
    assert_eq!(querier(&lan), None, "a switch without an address");
    lan.query("10.0.0.9", None, 1000, Some(10));
    assert_eq!(querier(&lan), Some(ip("10.0.0.9")));
    lan.query("10.0.0.3", None, 1000, Some(20));
    lan.query("10.0.0.9", None, 1000, Some(10));
    lan.query("0.0.0.0", None, 1000, Some(2));
    assert_eq!(querier(&lan), Some(ip("10.0.0.3")));
    // Its own times count: two intervals, and half the time to respond.
    lan.passes(40.0);
    assert_eq!(querier(&lan), Some(ip("10.0.0.3")));
    lan.passes(1.0);
    assert_eq!(querier(&lan), None);
    lan.query("10.0.0.9", None, 1000, Some(10));
    assert_eq!(querier(&lan), Some(ip("10.0.0.9")));
    assert_eq!(lan.hosts.querier(lan.now, 2, false), None);
    assert_eq!(lan.hosts.querier(lan.now, 3, true), None);
}

#[test]
fn hosts_of_igmpv2_keep_silent_behind_one_another() {
    let mut lan = Lan::new();
    lan.query("10.0.0.254", None, 500, Some(2));
    lan.says(A, Message::Report(ip(G)));
    lan.says(B, Message::Report(ip(G)));
    for _ in 0..5 {
        lan.passes(2.0);
        lan.says(A, Message::Report(ip(G)));
    }
    // B was not heard for longer than a word holds; but it is not asked to speak either.
    assert_eq!(lan.listeners(), [A, B]);
    lan.passes(5.0);
    assert_eq!(lan.listeners(), NONE);
}

#[test]
fn after_the_leave_of_igmpv2_the_last_member_is_asked() {
    let mut lan = Lan::new();
    lan.query("10.0.0.254", None, 500, Some(100));
    lan.says(A, Message::Report(ip(G)));
    lan.says(A, Message::Leave(ip(G)));
    // Who kept silent would answer now.
    assert_eq!(lan.listeners(), ["0.0.0.0"]);
    lan.query("10.0.0.254", Some(G), 200, Some(100));
    lan.passes(0.3);
    assert_eq!(lan.listeners(), ["0.0.0.0"]);
    lan.passes(0.2);
    assert_eq!(lan.listeners(), NONE);

    lan.says(A, Message::Report(ip(G)));
    lan.says(A, Message::Leave(ip(G)));
    lan.query("10.0.0.254", Some(G), 200, Some(100));
    lan.says(B, Message::Report(ip(G)));
    assert_eq!(lan.listeners(), [B]);
    lan.passes(10.0);
    assert_eq!(lan.listeners(), [B]);

    // The query is lost: two times the default of a second.
    lan.says(B, Message::Leave(ip(G)));
    lan.passes(1.9);
    assert_eq!(lan.listeners(), ["0.0.0.0"]);
    lan.passes(0.2);
    assert_eq!(lan.listeners(), NONE);
}

#[test]
fn where_nobody_asks_a_leave_is_the_end() {
    let mut lan = Lan::new();
    lan.says(A, Message::Report(ip(G)));
    lan.says(A, Message::Leave(ip(G)));
    assert_eq!(lan.listeners(), NONE);
    // Of a host that was never heard it says nothing.
    lan.says(A, Message::Report(ip(G)));
    lan.says(B, Message::Leave(ip(G)));
    assert_eq!(lan.listeners(), [A]);
}

#[test]
fn a_query_for_one_group_is_answered_or_ends_it() {
    let mut lan = Lan::new();
    lan.query("10.0.0.254", None, 500, Some(100));
    lan.record(A, Kind::IsExclude, &[]);
    lan.record(B, Kind::IsExclude, &[]);
    lan.query("10.0.0.254", Some(G), 1000, Some(100));
    lan.passes(0.5);
    lan.record(B, Kind::IsExclude, &[]);
    lan.passes(1.6);
    assert_eq!(lan.listeners(), [B]);
    // Another group's query is none of its business.
    lan.query("10.0.0.254", Some("239.9.9.9"), 1000, Some(100));
    lan.passes(20.0);
    assert_eq!(lan.listeners(), [B]);
}

#[test]
fn hosts_have_time_to_answer_a_query_that_gives_them_none() {
    let mut lan = Lan::new();
    lan.query("10.0.0.254", None, 500, Some(100));
    lan.record(A, Kind::IsExclude, &[]);
    lan.query("10.0.0.254", Some(G), 0, Some(100));
    lan.passes(0.1);
    lan.record(A, Kind::IsExclude, &[]);
    lan.passes(10.0);
    assert_eq!(lan.listeners(), [A]);
}

#[test]
fn routers_are_there_for_their_holdtime() {
    let mut lan = Lan::new();
    let hello = |seconds: Option<u64>| Message::Hello {
        holdtime: seconds.map(Duration::from_secs),
        priority: Some(1),
    };
    let there = |lan: &Lan| {
        lan.hosts.routers(lan.now, 2, true).iter().map(|r| r.address.to_string()).collect::<Vec<_>>()
    };
    lan.says("10.0.0.7", hello(Some(3)));
    lan.says("10.0.0.8", hello(None));
    lan.says("10.0.0.9", hello(Some(100)));
    assert_eq!(there(&lan), ["10.0.0.7", "10.0.0.8", "10.0.0.9"]);
    lan.says("10.0.0.9", hello(Some(0)));
    lan.passes(4.0);
    assert_eq!(there(&lan), ["10.0.0.8"]);
}

#[test]
fn routers_that_were_heard_long_ago_keep_none_out() {
    let mut lan = Lan::new();
    let hello = || Message::Hello { holdtime: None, priority: Some(1) };
    for i in 0..ROUTERS {
        lan.says(&v4(0x0a06_0000, i).to_string(), hello());
        lan.passes(0.001);
    }
    lan.says("10.6.0.0", hello());
    lan.says(A, hello());
    let there: Vec<IpAddr> = lan.hosts.routers(lan.now, 2, true).iter().map(|r| r.address).collect();
    assert_eq!(there.len(), ROUTERS);
    assert!(there.contains(&ip(A)) && there.contains(&ip("10.6.0.0")) && !there.contains(&ip("10.6.0.1")));
}

#[test]
fn ipv6_needs_its_own_groups_for_itself() {
    let mut lan = Lan::new();
    let group = |text: &str| GroupRecord { kind: Kind::IsExclude, group: ip(text), sources: vec![] };
    lan.says("fe80::1", Message::Records(vec![group("ff02::1:ff00:1"), group("ff02::6a"), group("ff15::1")]));
    assert_eq!(lan.known.iter().map(|(g, ..)| *g).collect::<Vec<_>>(), [ip("ff15::1")]);
    // A group of the other family in a report is nothing.
    lan.says(A, Message::Records(vec![group("ff15::2")]));
    assert_eq!(lan.known.len(), 1);
}

#[test]
fn what_is_there_is_told_again() {
    let mut lan = Lan::new();
    lan.record(A, Kind::IsExclude, &[]);
    lan.record(B, Kind::Allow, &["10.9.0.1", "10.9.0.2"]);
    let there = lan.listeners();
    lan.known.clear();
    let mut out = Vec::new();
    lan.hosts.tell_again(&mut out);
    lan.take(out);
    assert_eq!(lan.listeners(), there);
}

#[test]
fn a_port_that_leaves_its_bridge_takes_its_hosts_along() {
    let mut lan = Lan::new();
    let record =
        || Message::Records(vec![GroupRecord { kind: Kind::IsExclude, group: ip(G), sources: vec![] }]);
    // The bridge is 2, its ports 3 and 4. Host B moves from one to the other.
    for (port, host) in [(3, A), (3, B), (4, B)] {
        lan.says(host, record());
        lan.hosts.heard(lan.now, port, &Heard { from: ip(host), message: record() }, &mut Vec::new());
    }
    assert_eq!(lan.listeners(), [A, B]);
    let mut out = Vec::new();
    lan.hosts.part(lan.now, 2, 3, &[4], &mut out);
    lan.take(out);
    assert_eq!(lan.listeners(), [B]);
    let mut out = Vec::new();
    lan.hosts.part(lan.now, 2, 4, &[], &mut out);
    lan.take(out);
    assert_eq!(lan.listeners(), NONE);
}

#[test]
fn a_device_is_forgotten() {
    let mut lan = Lan::new();
    lan.record(A, Kind::IsExclude, &[]);
    lan.hosts.forget(3);
    assert!(lan.hosts.deadline().is_some());
    lan.hosts.forget(2);
    assert!(lan.hosts.deadline().is_none() && lan.hosts.links.is_empty());
}

#[test]
fn memory_is_bounded() {
    let mut hosts = Hosts::default();
    let now = Instant::now();
    let mut came = 0;
    for i in 0..LISTENERS as u32 + 100 {
        // Half of them hosts of one group, the others groups.
        let host = IpAddr::from((0x0a00_0000 + i).to_be_bytes());
        let group = if i % 2 == 0 { ip(G) } else { IpAddr::from((0xef02_0000 + i).to_be_bytes()) };
        let mut out = Vec::new();
        hosts.heard(now, 2, &Heard { from: host, message: Message::Report(group) }, &mut out);
        came += out.len();
    }
    assert_eq!(came, HOSTS + LISTENERS / 2 + 50);
    assert_eq!(hosts.left_out() as usize, LISTENERS + 100 - came);
    let sources: Vec<IpAddr> =
        (0..LISTENERS as u32).map(|i| (0x0b00_0000 + i).to_be_bytes().into()).collect();
    for (i, sources) in sources.chunks(SOURCES).enumerate() {
        let record = GroupRecord { kind: Kind::Allow, group: ip("239.77.1.1"), sources: sources.to_vec() };
        let heard = Heard { from: v4(0x0a00_0000, i), message: Message::Records(vec![record]) };
        let mut out = Vec::new();
        hosts.heard(now, 2, &heard, &mut out);
        came += out.len();
    }
    assert_eq!(came, LISTENERS);
    assert_eq!(hosts.links[&(2, true)].listeners, LISTENERS);
    // All of it ends.
    let mut out = Vec::new();
    hosts.due(now + Duration::from_secs(300), &mut out);
    assert_eq!(out.len(), LISTENERS);
    assert!(hosts.schedule.is_empty());
}

#[test]
fn the_sources_of_one_host_are_bounded() {
    let mut lan = Lan::new();
    let record = |kind, from: usize, to: usize| {
        let sources = (from..to).map(|i| v4(0x0b00_0000, i)).collect();
        Message::Records(vec![GroupRecord { kind, group: ip(G), sources }])
    };
    for i in 0..10 {
        lan.says(A, record(Kind::Allow, 100 * i, 100 * i + 100));
    }
    assert_eq!((lan.known.len(), lan.hosts.left_out()), (SOURCES, 1000 - SOURCES as u64));
    // What is known is so again, and where one goes there is room for another.
    lan.says(A, record(Kind::IsInclude, 0, 100));
    assert_eq!(lan.hosts.left_out(), 0);
    lan.says(A, record(Kind::Block, 0, 1));
    lan.says(A, record(Kind::Allow, 900, 902));
    assert_eq!((lan.known.len(), lan.hosts.left_out()), (SOURCES, 1));
    lan.says(A, record(Kind::ToInclude, 0, 0));
    assert_eq!(lan.listeners(), NONE);
}

/// What the model is told, with small numbers for hosts and sources. Times in tenths of a second.
#[derive(Debug, Clone)]
enum Step {
    GroupRecord(u8, Kind, Vec<u8>),
    Report(u8),
    Leave(u8),
    Query(bool),
    Passes(u16),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let kinds =
        [Kind::IsInclude, Kind::IsExclude, Kind::ToInclude, Kind::ToExclude, Kind::Allow, Kind::Block];
    let record = (1..4u8, proptest::sample::select(kinds.to_vec()), proptest::collection::vec(1..4u8, 0..3));
    let step = prop_oneof![
        4 => record.prop_map(|(host, kind, sources)| Step::GroupRecord(host, kind, sources)),
        2 => (1..4u8).prop_map(Step::Report),
        1 => (1..4u8).prop_map(Step::Leave),
        2 => any::<bool>().prop_map(Step::Query),
        3 => (1..60u16).prop_map(Step::Passes),
    ];
    proptest::collection::vec(step, 1..60)
}

/// The same rules without a schedule, a difference or a bound: times per host and source, looked at when asked. A querier
/// asks from the beginning, with an interval of 2 s and 0.5 s to respond.
#[derive(Default)]
struct Model {
    /// Until when; with true for hosts of an old version.
    any: HashMap<u8, (u32, bool)>,
    sources: HashMap<(u8, u8), u32>,
    legacy: u32,
    now: u32,
}

impl Model {
    const HOLDS: u32 = 45;

    fn holds(&self, host: u8) -> bool {
        self.any
            .get(&host)
            .is_some_and(|(until, legacy)| *until > self.now || *legacy && self.legacy > self.now)
    }

    fn step(&mut self, step: &Step) {
        let (now, until) = (self.now, self.now + Self::HOLDS);
        self.sources.retain(|_, until| *until > now);
        let held: Vec<u8> = (0..4).filter(|h| self.holds(*h)).collect();
        self.any.retain(|host, _| held.contains(host));
        match step {
            Step::GroupRecord(host, kind, sources) => match kind {
                Kind::IsExclude | Kind::ToExclude => {
                    self.sources.retain(|(h, _), _| h != host);
                    self.any.insert(*host, (until, false));
                }
                Kind::IsInclude | Kind::ToInclude if sources.is_empty() => {
                    self.any.remove(host);
                    self.sources.retain(|(h, _), _| h != host);
                }
                Kind::Allow | Kind::Block if self.any.contains_key(host) => {}
                Kind::Block => self.sources.retain(|(h, s), _| h != host || !sources.contains(s)),
                _ => {
                    self.any.remove(host);
                    self.sources.extend(sources.iter().map(|s| ((*host, *s), until)));
                }
            },
            Step::Report(host) => {
                self.sources.retain(|(h, _), _| h != host);
                self.any.insert(*host, (until, true));
                self.any.remove(&0);
                self.legacy = until;
            }
            Step::Leave(host) => {
                if self.any.get(host).is_some_and(|(_, legacy)| *legacy) {
                    self.any.remove(host);
                    if !self.any.values().any(|(_, legacy)| *legacy) {
                        self.legacy = 0;
                        self.any.insert(0, (now + 20, true));
                    }
                }
            }
            Step::Query(specific) => {
                if *specific {
                    self.any.values_mut().for_each(|(until, _)| *until = (*until).min(now + 10));
                    self.legacy = self.legacy.min(now + 10);
                }
            }
            Step::Passes(tenths) => self.now += u32::from(*tenths),
        }
    }

    fn listeners(&self) -> Vec<String> {
        let host = |h: u8| if h == 0 { "0.0.0.0".to_string() } else { format!("10.0.0.{h}") };
        let any = self.any.keys().filter(|h| self.holds(**h)).map(|h| host(*h));
        let some = self.sources.iter().filter(|(_, until)| **until > self.now);
        let mut all: Vec<_> = any.chain(some.map(|((h, s), _)| format!("{}<10.9.0.{s}", host(*h)))).collect();
        all.sort();
        all
    }
}

proptest! {
    #[test]
    fn it_is_as_the_model_says(steps in steps()) {
        let mut lan = Lan::new();
        let mut model = Model::default();
        lan.query("10.0.0.254", None, 500, Some(2));
        for step in &steps {
            // The querier never falls silent for as long as makes it vanish.
            lan.query("10.0.0.254", None, 500, Some(2));
            match step {
                Step::GroupRecord(host, kind, sources) => {
                    let sources: Vec<_> = sources.iter().map(|s| format!("10.9.0.{s}")).collect();
                    let sources: Vec<_> = sources.iter().map(String::as_str).collect();
                    lan.record(&format!("10.0.0.{host}"), *kind, &sources);
                }
                Step::Report(host) => lan.says(&format!("10.0.0.{host}"), Message::Report(ip(G))),
                Step::Leave(host) => lan.says(&format!("10.0.0.{host}"), Message::Leave(ip(G))),
                Step::Query(specific) => lan.query("10.0.0.254", specific.then_some(G), 500, Some(2)),
                Step::Passes(tenths) => {
                    lan.query("10.0.0.254", None, 500, Some(2));
                    lan.now += Duration::from_millis(100 * u64::from(*tenths));
                    let mut out = Vec::new();
                    lan.hosts.due(lan.now, &mut out);
                    lan.take(out);
                    lan.query("10.0.0.254", None, 500, Some(2));
                }
            }
            model.step(step);
            prop_assert_eq!(lan.listeners(), model.listeners());
            let link = &lan.hosts.links[&(2, true)];
            prop_assert_eq!(link.listeners, lan.known.len());
            let scheduled: usize = link.groups.values().map(|g| g.hosts.len()).sum();
            prop_assert_eq!(lan.hosts.schedule.len(), scheduled);
        }
    }
}

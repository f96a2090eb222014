//! What other nodes of the overlay do, as their tokens say. Bounded in number and in bytes.

use super::key::{self, Says};
use carrier::{Change, Role, Tell};
use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use sys::logging::Pace;

/// Tokens that are kept.
pub const LIMIT: usize = 131_072;

/// Bytes of names and ids that are kept.
const BYTES: usize = 64 << 20;

/// Each node, with the routers that it says it is behind.
type Nodes = HashMap<Box<str>, BTreeSet<Box<str>>>;

/// Domains, and nodes that forward to them.
type Forwarders = BTreeSet<(Box<str>, Box<str>)>;

/// The table.
#[derive(Default)]
pub struct Others {
    /// The nodes of each state, each with the routers that it says it is behind: two while it moves.
    states: HashMap<(Arc<str>, Role), Nodes>,
    /// The nodes that forward between a group and a domain.
    forwarders: HashMap<Arc<str>, Forwarders>,
    tokens: usize,
    bytes: usize,
    /// There was no room for some.
    left_out: bool,
    tell: Option<Tell>,
}

impl Others {
    /// A token came or went. Those of this node, by whatever ids it has or had, are no others'. True when there is room
    /// again for some that were left out: they have to be asked for.
    #[must_use]
    pub fn apply(&mut self, key: &str, came: bool, own: impl Fn(&str) -> bool) -> bool {
        static PACE: Pace = Pace::new();
        let Some(token) = key::read_token(key).filter(|token| !own(token.node)) else { return false };
        if came && (self.tokens >= LIMIT || self.bytes + key.len() > BYTES) {
            if PACE.due() {
                log::warn!("overlay: states of other nodes are left out, {LIMIT} are kept");
            }
            self.left_out = true;
            return false;
        }
        let is_new = match token.says {
            Says::Is(role) => self.is(token.group.into(), role, token.node, token.via, came),
            Says::Forwards => self.forwards(&token.group, token.via, token.node, came),
        };
        if is_new && came {
            (self.tokens, self.bytes) = (self.tokens + 1, self.bytes + key.len());
        } else if is_new {
            (self.tokens, self.bytes) = (self.tokens - 1, self.bytes - key.len());
        }
        let has_room = self.tokens < LIMIT - LIMIT / 16 && self.bytes < BYTES - BYTES / 16;
        has_room && std::mem::take(&mut self.left_out)
    }

    /// Whether it is news that a node is there (or not) behind that router.
    fn is(&mut self, group: Arc<str>, role: Role, node: &str, via: &str, came: bool) -> bool {
        let state = (group, role);
        if came {
            let nodes = self.states.entry(state.clone()).or_default();
            let is_first = nodes.is_empty();
            let is_new = nodes.entry(node.into()).or_default().insert(via.into());
            if is_first {
                self.say(state, true);
            }
            return is_new;
        }
        let Some(nodes) = self.states.get_mut(&state) else { return false };
        let Some(routers) = nodes.get_mut(node) else { return false };
        let is_new = routers.remove(via);
        if routers.is_empty() {
            nodes.remove(node);
        }
        if nodes.is_empty() {
            self.states.remove(&state);
            self.say(state, false);
        }
        is_new
    }

    fn forwards(&mut self, group: &str, domain: &str, node: &str, came: bool) -> bool {
        if came {
            return self.forwarders.entry(group.into()).or_default().insert((domain.into(), node.into()));
        }
        let Some(nodes) = self.forwarders.get_mut(group) else { return false };
        let is_new = nodes.remove(&(domain.into(), node.into()));
        if nodes.is_empty() {
            self.forwarders.remove(group);
        }
        is_new
    }

    fn say(&self, (group, role): (Arc<str>, Role), present: bool) {
        if let Some(tell) = &self.tell {
            tell(Change { group, role, present });
        }
    }

    /// Nothing is known any more: there is no session.
    pub fn clear(&mut self) {
        let states = std::mem::take(&mut self.states);
        self.forwarders.clear();
        (self.tokens, self.bytes, self.left_out) = (0, 0, false);
        states.into_keys().for_each(|state| self.say(state, false));
    }

    /// Tells of changes from now on, first of what there is.
    pub fn tell(&mut self, tell: Tell) {
        self.tell = Some(tell);
        self.states.keys().cloned().for_each(|state| self.say(state, true));
    }

    /// The states.
    pub fn states(&self) -> Vec<(Arc<str>, Role)> {
        self.states.keys().cloned().collect()
    }

    /// The nodes that are so in the group, or in any, and the routers that they are behind.
    pub fn nodes(&self, group: Option<&str>, role: Role) -> impl Iterator<Item = (&str, &str)> {
        let one = group.and_then(|group| self.states.get(&(group.into(), role)));
        let any = self.states.iter().filter(move |(state, _)| group.is_none() && state.1 == role);
        let nodes = one.into_iter().chain(any.map(|(_, nodes)| nodes)).flatten();
        nodes.flat_map(|(node, routers)| routers.iter().map(move |via| (&**node, &**via)))
    }

    /// Whether no other node with a lower id than `own` forwards between the group and the domain.
    pub fn has_no_lower(&self, group: &str, domain: &str, own: &str) -> bool {
        let domain = key::chunk(domain);
        // Numbers in hexadecimal, without zeros in front.
        let is_lower = |node: &str| (node.len(), node) < (own.len(), own);
        let nodes = self.forwarders.get(group);
        !nodes.is_some_and(|nodes| nodes.iter().any(|(other, node)| **other == *domain && is_lower(node)))
    }
}

//! Which groups are heard.

/// What is heard.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Heard<'a> {
    /// The group of this Group Name, in normal form.
    Group(&'a str),
    /// Every group whose Group Name begins and ends so.
    All {
        /// The namespace, as `ham:opaque:`.
        prefix: &'a str,
        /// The instantiation and port, as `@cnn.com`; mostly empty.
        suffix: &'a str,
    },
}

impl<'a> Heard<'a> {
    /// What a Group Name in normal form asks for: `*` stands there alone, and only for all groups.
    pub fn of(name: &'a str) -> Heard<'a> {
        match name.split_once('*') {
            Some((prefix, suffix)) => Heard::All { prefix, suffix },
            None => Heard::Group(name),
        }
    }

    /// True when the group of this name is among what is heard.
    pub fn covers(&self, group: &str) -> bool {
        match *self {
            Heard::Group(name) => name == group,
            Heard::All { prefix, suffix } => {
                group.len() > prefix.len() + suffix.len()
                    && group.starts_with(prefix)
                    && group.ends_with(suffix)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_of_a_namespace_is_not_all() {
        let all = Heard::of("ham:sip:*@cnn.com");
        assert_eq!(all, Heard::All { prefix: "ham:sip:", suffix: "@cnn.com" });
        assert_eq!(Heard::of("ham:sip:%2A"), Heard::Group("ham:sip:%2A"));
        assert!(all.covers("ham:sip:news@cnn.com"));
        assert!(!all.covers("ham:sip:news@bbc.co.uk"));
        assert!(!all.covers("ham:opaque:news@cnn.com"));
        assert!(!all.covers("ham:sip:@cnn.com"));
        assert!(Heard::Group("ham:sip:news").covers("ham:sip:news"));
        assert!(!Heard::Group("ham:sip:news").covers("ham:sip:newsreel"));
    }
}

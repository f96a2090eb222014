//! Sets of versions: which of another node's are known here, which of our own are to be sent.

use super::packet::Span;

/// How many pieces a set may have; a piece too many is not added.
const PIECES: usize = 64;

/// A set of versions, as pieces in their order with gaps between them.
#[derive(Debug, Default, Clone)]
pub struct Spans(Vec<Span>);

impl Spans {
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub fn clear(&mut self) {
        self.0.clear();
    }

    pub fn pieces(&self) -> &[Span] {
        &self.0
    }

    pub fn first(&self) -> Option<Span> {
        self.0.first().copied()
    }

    /// Whether it holds all up to `version`.
    pub fn reach(&self, version: u64) -> bool {
        version == 0 || self.first().is_some_and(|piece| piece.after == 0 && piece.last >= version)
    }

    /// Adds a piece, and gives whether anything is new. Of too many pieces the ones added last are not taken.
    pub fn add(&mut self, span: Span) -> bool {
        if span.is_empty() {
            return false;
        }
        let from = self.0.partition_point(|piece| piece.last < span.after);
        let to = self.0.partition_point(|piece| piece.after <= span.last);
        let Some(touched) = self.0.get(from..to).filter(|touched| !touched.is_empty()) else {
            if self.0.len() < PIECES {
                self.0.insert(from, span);
                return true;
            }
            return false;
        };
        let (first, last) = (touched[0], touched[touched.len() - 1]);
        if touched.len() == 1 && first.after <= span.after && first.last >= span.last {
            return false;
        }
        let whole = Span { after: first.after.min(span.after), last: last.last.max(span.last) };
        self.0.splice(from..to, [whole]);
        true
    }

    /// Takes out all up to `version`.
    pub fn remove_to(&mut self, version: u64) {
        self.0.retain_mut(|piece| {
            piece.after = piece.after.max(version);
            !piece.is_empty()
        });
    }

    /// What is missing up to `version`, at most `count` pieces.
    pub fn gaps(&self, version: u64, count: usize) -> Vec<Span> {
        let mut after = 0;
        let mut gaps = Vec::new();
        for piece in self.0.iter().chain([&Span { after: version, last: version }]) {
            let gap = Span { after, last: piece.after.min(version) };
            if !gap.is_empty() && gaps.len() < count {
                gaps.push(gap);
            }
            after = after.max(piece.last);
        }
        gaps
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    impl Spans {
        /// Whether all of `span` is in it.
        fn holds(&self, span: Span) -> bool {
            span.is_empty() || self.0.iter().any(|piece| piece.after <= span.after && piece.last >= span.last)
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]
        #[test]
        fn it_is_the_set_that_was_added(pieces in prop::collection::vec((0u64..60, 0u64..8), 0..24), cut in 0u64..60) {
            let mut spans = Spans::default();
            let mut model = [false; 80];
            for (after, count) in pieces {
                let span = Span { after, last: after + count };
                let new = (after..after + count).any(|i| !model[i as usize + 1]);
                prop_assert_eq!(spans.add(span), new);
                (after..after + count).for_each(|i| model[i as usize + 1] = true);
                prop_assert!(spans.holds(span));
            }
            let known = |spans: &Spans, i: u64| spans.holds(Span { after: i - 1, last: i });
            for i in 1..80 {
                prop_assert_eq!(known(&spans, i), model[i as usize]);
                prop_assert_eq!(spans.reach(i), model[1..=i as usize].iter().all(|is| *is));
            }
            let gaps = spans.gaps(70, 100);
            for i in 1..=70 {
                let gap = gaps.iter().any(|gap| gap.after < i && i <= gap.last);
                prop_assert_eq!(gap, !model[i as usize]);
            }
            prop_assert!(gaps.windows(2).all(|two| two[0].last < two[1].after));
            spans.remove_to(cut);
            for i in 1..80 {
                prop_assert_eq!(known(&spans, i), i > cut && model[i as usize]);
            }
        }
    }

    #[test]
    fn pieces_too_many_are_not_taken() {
        let mut spans = Spans::default();
        for i in 0..1000 {
            assert_eq!(spans.add(Span { after: 2 * i, last: 2 * i + 1 }), i < PIECES as u64);
        }
        assert!(spans.add(Span { after: 0, last: 2000 }));
        assert!(spans.reach(2000));
        assert_eq!(spans.gaps(2000, 8), []);
    }
}

//! Which gene families have numbered members in IMGT's nomenclature, and which are one gene.
//!
//! IMGT writes the only gene of most families without a hyphen (`TRBV28`), but that of some families with
//! one (`TRBV20-1`). This module corrects tools that always or never write a hyphen.

use super::locus::Species;

/// Spelling of one species' genes.
pub(super) struct Families {
    /// Per segment, the families that are one gene, written without a hyphen.
    plain: &'static [(&'static str, &'static [&'static str])],
    /// Per segment, the families that are one gene, written with `-` and this number.
    single: &'static [(&'static str, &'static [(&'static str, &'static str)])],
    /// Per segment, the families that have several genes: their bare name is a family and no gene.
    several: &'static [(&'static str, &'static [&'static str])],
    /// Per segment, the last family.
    last: &'static [(&'static str, u32)],
    /// Alpha V genes that also serve as delta V genes, and what IMGT adds to them.
    delta: &'static [(&'static str, &'static str)],
}

const ONE_TO_SIX: &[&str] = &["1", "2", "3", "4", "5", "6"];

static HUMAN: Families = Families {
    plain: &[
        (
            "TRBV",
            &["1", "2", "9", "13", "14", "15", "16", "17", "18", "19", "26", "27", "28", "30"],
        ),
        (
            "TRAV",
            &[
                "2", "3", "4", "5", "6", "7", "10", "11", "14", "15", "16", "17", "18", "19", "20",
                "21", "22", "23", "24", "25", "27", "28", "29", "30", "31", "32", "33", "34", "35",
                "36", "37", "39", "40", "41", "46",
            ],
        ),
        ("TRGV", &["1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "11"]),
        ("TRDV", &["1", "2", "3"]),
        ("TRGJ", &["1", "2"]),
        ("TRDJ", &["1", "2", "3", "4"]),
        ("IGHJ", ONE_TO_SIX),
        ("IGKJ", &["1", "2", "3", "4", "5"]),
        ("IGLJ", &["1", "2", "3", "4", "5", "6", "7"]),
    ],
    single: &[
        (
            "TRBV",
            &[
                ("20", "1"),
                ("21", "1"),
                ("22", "1"),
                ("23", "1"),
                ("24", "1"),
                ("25", "1"),
                ("29", "1"),
            ],
        ),
        ("IGHV", &[("6", "1")]),
        ("IGKV", &[("4", "1")]),
        ("IGLV", &[("6", "57"), ("9", "49"), ("11", "55")]),
    ],
    several: &[
        ("TRBV", &["3", "4", "5", "6", "7", "8", "10", "11", "12"]),
        ("TRAV", &["1", "8", "9", "12", "13", "26", "38"]),
        ("TRBJ", &["1", "2"]),
        ("IGHV", &["1", "2", "3", "4", "5", "7"]),
        ("IGKV", &["1", "2", "3", "5", "6"]),
        ("IGLV", &["1", "2", "3", "4", "5", "7", "8", "10"]),
    ],
    last: &[
        ("TRAV", 46),
        ("TRAJ", 61),
        ("TRBV", 30),
        ("TRBJ", 2),
        ("TRGV", 11),
        ("TRGJ", 2),
        ("TRDV", 3),
        ("TRDJ", 4),
        ("IGHV", 8),
        ("IGHJ", 6),
        ("IGKV", 7),
        ("IGKJ", 5),
        ("IGLV", 11),
        ("IGLJ", 7),
    ],
    delta: &[("14", "/DV4"), ("23", "/DV6"), ("29", "/DV5"), ("36", "/DV7"), ("38-2", "/DV8")],
};

static MOUSE: Families = Families {
    plain: &[
        (
            "TRBV",
            &[
                "1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "11", "14", "15", "16", "17",
                "18", "19", "20", "21", "22", "23", "24", "25", "26", "27", "28", "29", "30", "31",
            ],
        ),
        (
            "TRAV",
            &[
                "1", "2", "10", "10D", "11", "11D", "16", "16D", "17", "18", "19", "20", "21",
                "22", "23",
            ],
        ),
        ("TRGV", &["1", "2", "3", "4", "5", "6", "7"]),
        ("TRDV", &["1", "3", "4", "5"]),
        ("TRGJ", &["1", "2", "3", "4"]),
        ("TRDJ", &["1", "2"]),
        ("IGHJ", &["1", "2", "3", "4"]),
        ("IGKJ", &["1", "2", "3", "4", "5"]),
        ("IGLJ", &["1", "2", "3", "4"]),
        ("IGLV", &["1", "2", "3", "4", "5", "6", "7", "8"]),
    ],
    single: &[],
    several: &[
        ("TRBV", &["12", "13"]),
        ("TRAV", &["3", "4", "5", "6", "7", "8", "9", "12", "13", "14", "15"]),
        ("TRDV", &["2"]),
        ("TRBJ", &["1", "2"]),
    ],
    last: &[
        ("TRAV", 23),
        ("TRAJ", 61),
        ("TRBV", 31),
        ("TRBJ", 2),
        ("TRGV", 7),
        ("TRGJ", 4),
        ("TRDV", 5),
        ("TRDJ", 2),
        ("IGHV", 16),
        ("IGHJ", 4),
        ("IGKV", 20),
        ("IGKJ", 5),
        ("IGLV", 8),
        ("IGLJ", 5),
    ],
    delta: &[
        ("4-4", "/DV10"),
        ("6-7", "/DV9"),
        ("13-4", "/DV7"),
        ("14D-3", "/DV8"),
        ("15-1", "/DV6-1"),
        ("15-2", "/DV6-2"),
        ("15D-1", "/DV6D-1"),
        ("15D-2", "/DV6D-2"),
        ("16D", "/DV11"),
        ("21", "/DV12"),
    ],
};

/// Entry of `segment` in a table, empty if it has none.
fn entry<T>(table: &'static [(&'static str, &'static [T])], segment: &str) -> &'static [T] {
    table.iter().find(|(name, _)| *name == segment).map_or(&[], |(_, families)| families)
}

impl Families {
    pub(super) fn of(species: Species) -> &'static Self {
        match species {
            Species::Human => &HUMAN,
            Species::Mouse => &MOUSE,
        }
    }

    /// Whether the bare `number` is a family of several genes.
    pub(super) fn has_several(&self, segment: &str, number: &str) -> bool {
        entry(self.several, segment).contains(&number)
    }

    /// Whether a gene or family of this species can have this name: it is complete, and no member of a
    /// family that has none.
    pub(super) fn allow(&self, segment: &str, number: &str) -> bool {
        let member_of = number.split_once('-').map_or("", |(family, _)| family);
        !entry(self.plain, segment).contains(&member_of) && self.complete(segment, number) == number
    }

    /// Whether there can be a family as high as that of `number`; one without a number passes.
    pub(super) fn reach(&self, segment: &str, number: &str) -> bool {
        let end = number.find(|c: char| !c.is_ascii_digit()).unwrap_or(number.len());
        let last = self.last.iter().find(|(name, _)| *name == segment);
        match (number[..end].parse::<u32>(), last) {
            (Ok(family), Some(&(_, last))) => (1..=last).contains(&family),
            _ => end == 0,
        }
    }

    /// What IMGT writes behind the segment (`TRBV`) for a gene or a family.
    pub(super) fn complete(&self, segment: &str, number: &str) -> String {
        // TRAJ and gamma genes have no subgroups, genes with a letter no members: 12-1 can only be 12, A-1 only A.
        let family = number.strip_suffix("-1");
        let plain = |family: &&str| {
            (["TRAJ", "TRGV", "TRGJ"].contains(&segment) && !family.contains('-'))
                || (segment.starts_with("TR") && matches!(*family, "A" | "B" | "C"))
                || entry(self.plain, segment).contains(family)
        };
        let number = family.filter(plain).unwrap_or(number);
        if let Some((_, member)) =
            entry(self.single, segment).iter().find(|(one, _)| *one == number)
        {
            return format!("{number}-{member}");
        }
        let delta = self.delta.iter().find(|(gene, _)| segment == "TRAV" && *gene == number);
        delta.map_or_else(|| number.to_owned(), |(gene, mark)| format!("{gene}{mark}"))
    }
}

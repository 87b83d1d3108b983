//! The page of made-up comparisons: what a browser needs, whatever the methods and the names are.

use std::path::PathBuf;

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{RngCore as _, SeedableRng as _};
use reperio_baselines::compare::{Cost, Curves, Figures, MethodSummary, Outcome, Summary};
use reperio_stats::metrics::{
    auc, average_precision, brier, calibration, delong, precision_recall_curve, probability,
    roc_curve, sensitivity_at_specificity,
};
use serde_json::json;

use super::super::Compared;
use super::html;

/// Repertoires of a made-up cohort, every third one positive.
const SIZE: usize = 240;

/// Names of methods, how far apart they put the classes, and whether they are controls.
const METHODS: [(&str, f64, bool); 18] = [
    ("reperio", 4.2, false),
    ("deeprc", 1.4, false),
    ("kmer3-logistic", 2.6, false),
    ("kmer4-logistic", 2.9, false),
    ("kmer4-gapped-logistic", 3.1, false),
    ("svm-minmax", 2.2, false),
    ("svm-jaccard", 2.0, false),
    ("knn-minmax", 1.0, false),
    ("knn-jaccard", 0.8, false),
    ("burden", 3.4, false),
    ("atchley-mil", 1.7, false),
    ("public-clonotypes", 4.6, false),
    ("public-clonotypes-junction", 4.4, false),
    ("public-clonotypes-one-substitution", 3.9, false),
    ("vj-usage", 1.2, false),
    ("known-motif", 6.5, false),
    ("depth-diversity", 0.5, true),
    ("reperio-permuted", 0.0, true),
];

/// Figures and curves of logits that lie `apart`, with noise of its own a method.
fn method(name: &str, apart: f64, seed: u64) -> (Figures, Curves) {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let labels: Vec<bool> = (0..SIZE).map(|i| i % 3 == 0).collect();
    let mut logit = |positive: bool| {
        let share = (f64::from(rng.next_u32()) + 0.5) / 4_294_967_296.0;
        (share / (1.0 - share)).ln() + if positive { 0.7 } else { -0.3 } * apart
    };
    let logits: Vec<f64> = labels.iter().map(|&label| logit(label)).collect();
    let area = auc(&logits, &labels);
    let fold = |fold: usize| auc(&logits[fold * 48..][..48], &labels[fold * 48..][..48]);
    let figures = Figures {
        method: name.to_owned(),
        permuted: name.ends_with("-permuted"),
        fold_auc: (0..5).map(fold).collect(),
        mean_auc: area,
        sd_auc: Some(0.03),
        auc: area,
        auc_ci: delong(&logits, &labels).map(|delong| delong.interval),
        difference: area.map(|area| area - 0.966),
        difference_ci: area.map(|area| [area - 1.016, area - 0.926]),
        average_precision: average_precision(&logits, &labels),
        brier: brier(&logits, &labels),
        sensitivity_95: sensitivity_at_specificity(&logits, &labels, 0.95),
        sensitivity_99: sensitivity_at_specificity(&logits, &labels, 0.99),
        recovery_ap: seed.is_multiple_of(2).then_some(0.6),
        recovery_jaccard: seed.is_multiple_of(2).then_some(0.4),
        prepare_seconds: 0.8,
        fit_seconds: 12.3 * apart,
        score_seconds: 0.2,
        peak_bytes: Some(321_000_000),
    };
    let probabilities: Vec<f64> = logits.iter().map(|&logit| probability(logit)).collect();
    let roc = roc_curve(&logits, &labels).into_iter();
    let precision = precision_recall_curve(&logits, &labels).into_iter();
    let curves = Curves {
        method: name.to_owned(),
        roc: roc.map(|at| [at.false_positive_rate, at.true_positive_rate]).collect(),
        precision_recall: precision.map(|at| [at.recall, at.precision]).collect(),
        calibration: calibration(&probabilities, &labels, 10),
    };
    (figures, curves)
}

/// A comparison of the first `n` of [`METHODS`].
fn compared(n: usize) -> Compared {
    let made = (0..).zip(&METHODS[..n]).map(|(seed, (name, apart, control))| {
        let (figures, curves) = method(name, *apart, seed);
        let about = "what it is, in half a sentence (Somebody et al. 2017)";
        (MethodSummary { about, control: *control, figures }, curves)
    });
    let (methods, curves) = made.unzip();
    let command = ["/opt/bin/reperio", "compare", "--cohort", "my cohort", "--target", "disease"];
    Compared {
        out: PathBuf::from("comparison"),
        version: "1.2.3",
        command: command.map(str::to_owned).to_vec(),
        summary: Summary {
            target: "disease: sick against well".to_owned(),
            repertoires: SIZE,
            positive: SIZE / 3,
            clonotypes: 5000,
            folds: 5,
            repeats: 1,
            methods,
            curves,
        },
    }
}

/// Choices of a method in five folds.
fn outcomes(method: &str) -> Vec<Outcome> {
    let cost = Cost { seconds: 1.0, peak_bytes: None };
    let outcome = |fold| Outcome {
        method: method.to_owned(),
        permuted: false,
        repeat: 0,
        fold,
        held: Vec::new(),
        logits: Vec::new(),
        choices: json!({"k": 3 + fold % 2, "lambda": 0.012_345_6, "seeds": [["WND", "LG-N"], []]}),
        learned: String::new(),
        recovery: None,
        prepare: cost,
        fit: cost,
        score: cost,
    };
    (0..5).map(outcome).collect()
}

/// Names of the elements of `page` in order; fails where a tag closes what is not open.
fn elements(page: &str) -> Vec<String> {
    let (mut open, mut seen) = (Vec::new(), Vec::new());
    for tag in page.split('<').skip(1) {
        let (tag, _) = tag.split_once('>').expect("a tag ends");
        assert_eq!(tag.matches('"').count() % 2, 0, "quotes of <{tag}>");
        let name = tag.split([' ', '\n']).next().unwrap().to_owned();
        match name.strip_prefix('/') {
            Some(name) => assert_eq!(open.pop().as_deref(), Some(name), "</{name}>"),
            None if ["!doctype", "meta"].contains(&name.as_str()) => {}
            None => {
                open.push(name.clone());
                seen.push(name);
            }
        }
    }
    assert!(open.is_empty(), "never closed: {open:?}");
    seen
}

/// What holds of every page.
fn check(page: &str) -> Vec<String> {
    let elements = elements(page);
    for wrong in ["http", "url(", "@import", "NaN", "<script", "<img", "<link"] {
        assert!(!page.contains(wrong), "{wrong} in {page}");
    }
    let mut ids: Vec<&str> = page.split(" id=\"").skip(1).map(until_quote).collect();
    for target in page.split(" href=\"#").skip(1).map(until_quote) {
        assert!(ids.contains(&target), "#{target} leads nowhere");
    }
    let n = ids.len();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), n, "ids are distinct");
    elements
}

fn until_quote(text: &str) -> &str {
    text.split('"').next().unwrap()
}

fn count(elements: &[String], name: &str) -> usize {
    elements.iter().filter(|element| *element == name).count()
}

#[test]
fn eighteen_methods_have_a_line_in_each_figure_and_table() {
    let (compared, outcomes) = (compared(METHODS.len()), outcomes("kmer3-logistic"));
    let page = html(&compared, &outcomes);
    let elements = check(&page);
    // Two forests, three large panels with five entries in their legend, three small panels a method.
    assert_eq!(count(&elements, "svg"), 2 + 3 + 5 + 3 * 18);
    assert_eq!(count(&elements, "article"), 18);
    assert_eq!(page.matches("<th scope=\"row\">").count(), 18 + 5, "methods, and folds of choices");
    assert_eq!(page.matches(">0.01235</td>").count(), 5, "a choice of each fold");
    assert!(page.contains("ranks number 2 of 15. Better methods"), "{page}");
    assert_eq!(html(&compared, &outcomes), page, "equal input, equal bytes");
}

#[test]
fn the_highest_auc_stands_first_and_a_missing_one_last() {
    let mut compared = compared(4);
    for (row, auc) in
        compared.summary.methods.iter_mut().zip([None, Some(0.7), Some(0.8), Some(0.9)])
    {
        row.figures.auc = auc;
    }
    let page = html(&compared, &[]);
    check(&page);
    let names = page.split("<th scope=\"row\"><a href=\"#method-").skip(1).map(until_quote);
    assert_eq!(
        names.collect::<Vec<_>>(),
        ["kmer4-logistic", "kmer3-logistic", "deeprc", "reperio"]
    );
}

#[test]
fn names_from_outside_are_text() {
    let mut compared = compared(2);
    compared.summary.target = "<script>alert('1')</script>: a \"b\" against c&d".to_owned();
    compared.command.push("--target=<script>alert('1')</script>".to_owned());
    let page = html(&compared, &[]);
    check(&page);
    assert!(page.contains("<h1>&lt;script&gt;alert(&#39;1&#39;)&lt;/script&gt;: a &quot;b&quot;"));
    assert!(page.contains("reperio compare --cohort &#39;my cohort&#39; --target disease"));
    assert!(!page.contains("/opt/bin"), "where the program lies is nobody's business");
}

#[test]
fn nothing_known_draws_nothing() {
    let mut compared = compared(2);
    for row in &mut compared.summary.methods {
        let figures = &mut row.figures;
        (figures.auc, figures.auc_ci, figures.difference_ci) =
            (Some(f64::NAN), Some([f64::NAN, 1.0]), Some([0.0, f64::INFINITY]));
        (figures.difference, figures.brier, figures.peak_bytes) = (None, None, None);
        figures.fold_auc = vec![None, Some(f64::NAN)];
    }
    compared.summary.curves[0].roc = Vec::new();
    compared.summary.curves[0].calibration.clear();
    compared.summary.curves[0].precision_recall = vec![[f64::NAN, 0.5]];
    compared.summary.curves.pop();
    compared.summary.repertoires = 0;
    compared.summary.positive = 0;
    let page = html(&compared, &[]);
    let shapes = elements(&page);
    assert_eq!(count(&shapes, "circle") + count(&shapes, "path"), 2, "the legend's lines only");
    for coordinates in ["d", "x", "y", "x1", "x2", "y1", "y2", "cx", "cy", "r", "viewBox"] {
        for value in page.split(&format!(" {coordinates}=\"")).skip(1).map(until_quote) {
            let plain = |letter: char| letter.is_ascii_digit() || "ML .-".contains(letter);
            assert!(value.chars().all(plain), "{coordinates}={value}");
        }
    }
}

#[test]
fn one_method_or_none_is_a_page_too() {
    assert_eq!(count(&check(&html(&compared(1), &[])), "article"), 1);
    assert_eq!(count(&check(&html(&compared(0), &[])), "article"), 0);
}

//! `ringback chart render`.

use std::fs;

use super::{CHARTS, chart, repository};

#[test]
fn every_shipped_chart_is_drawn_with_all_its_states() {
    for file in CHARTS {
        let svg = chart(&["render", file]);
        assert_eq!((svg.code, svg.errors.as_str()), (Some(0), ""));
        assert!(svg.output.starts_with("<svg ") && svg.output.ends_with("</svg>\n"));
        let text = fs::read_to_string(repository().join(file)).unwrap();
        let ids = text.split("<state id=\"").skip(1).filter_map(|rest| rest.split('"').next());
        let dot = chart(&["render", "--dot", file]).output;
        assert!(dot.starts_with("digraph "), "{dot}");
        for id in ids {
            assert!(svg.output.contains(&format!("id=\"state-{id}\"")), "{file}: {id} is not drawn");
            assert!(dot.contains(id), "{file}: {id} is not in the graph");
        }
    }
}

#[test]
fn active_states_are_marked_and_unknown_ones_refused() {
    let drawn = chart(&["render", CHARTS[3], "--highlight", "waits"]);
    let group = drawn.output.lines().find(|line| line.contains("id=\"state-waits\"")).unwrap();
    assert!(group.contains("active"), "{group}");
    let refused = chart(&["render", CHARTS[3], "--highlight", "waits,wats"]);
    assert_eq!(refused.code, Some(2));
    assert!(refused.errors.contains("has no state `wats`"), "{}", refused.errors);
}

#[test]
fn a_drawing_goes_to_a_file_and_a_broken_chart_is_not_drawn() {
    let folder = tempfile::tempdir().unwrap();
    let output = folder.path().join("reminder.svg").display().to_string();
    assert_eq!(chart(&["render", CHARTS[3], "-o", &output]).code, Some(0));
    assert!(fs::read_to_string(&output).unwrap().contains("state-calls_customer"));
    for (name, more, begin) in
        [("a.dot", None, "digraph "), ("a.gv", None, "digraph "), ("b.dot", Some("--svg"), "<svg ")]
    {
        let output = folder.path().join(name).display().to_string();
        let called = [["render", CHARTS[3], "-o", &output].as_slice(), more.as_slice()].concat();
        assert_eq!(chart(&called).code, Some(0));
        assert!(fs::read_to_string(&output).unwrap().starts_with(begin), "{name}");
    }
    let broken = folder.path().join("broken.scxml").display().to_string();
    fs::write(&broken, "<scxml xmlns=\"http://www.w3.org/2005/07/scxml\"><state id=\"a\"><transition target=\"b\"/></state></scxml>").unwrap();
    let refused = chart(&["render", &broken]);
    assert_eq!(refused.code, Some(1));
    assert!(refused.errors.contains("broken.scxml:1:"), "{}", refused.errors);
    assert_eq!(chart(&["render", "nowhere.scxml"]).code, Some(2));
}

#[test]
fn the_picture_of_the_documentation_is_what_the_program_draws() {
    let kept = fs::read_to_string(repository().join("docs/pictures/reminder.svg")).unwrap();
    let command = "chart render examples/charts/reminder.scxml -o docs/pictures/reminder.svg";
    assert!(kept == chart(&["render", CHARTS[3]]).output, "run `ringback {command}`");
}

use super::*;

#[test]
fn the_first_cases_hold() {
    let trial = Trial::new().unwrap();
    for seed in 1..=400 {
        if let Err(problem) = trial.run(seed) {
            panic!("seed {seed}: {problem:?}");
        }
    }
}

#[test]
fn charts_of_the_repository_and_what_once_did_harm_hold() {
    let trial = Trial::new().unwrap();
    assert!(trial.written().len() > 50, "{}", trial.written().len());
    for text in trial.written() {
        if let Err(problem) = trial.try_text(&mut Chance::new(7), text) {
            panic!("{problem:?}\n{text}");
        }
    }
}

#[test]
fn most_random_charts_are_charts() {
    let made: Vec<String> = (1..=200).map(|seed| charts::chart(&mut Chance::new(seed))).collect();
    let modules = std::sync::Arc::new(statecharts::ModuleSet::default());
    let is_chart = |text: &&String| {
        let source = statecharts::Source { file: "made.scxml", text };
        let broken = statecharts::BrokenExpressions::Defer;
        statecharts::compile_with(source, &modules, &statecharts::NoParts, broken).is_ok()
    };
    let valid = made.iter().filter(is_chart).count();
    assert!(valid > 80, "only {valid} of 200");
}

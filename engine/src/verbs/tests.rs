use super::{markdown, modules};
use statecharts::Element;

fn each(element: &Element, visit: &mut impl FnMut(&Element)) {
    visit(element);
    for child in element.children {
        each(child, visit);
    }
}

/// One line, without the full stop that the printed table adds where it needs one.
fn check(owner: &str, about: &str) {
    assert!(!about.trim().is_empty(), "{owner} does not say what it is for");
    assert!(!about.contains('\n') && !about.ends_with('.'), "{owner}: {about}");
}

#[test]
fn everything_says_what_it_is_for() {
    for module in &modules().modules {
        check(module.namespace, module.about);
        for element in module.elements {
            each(element, &mut |element| {
                check(element.name, element.about);
                for attribute in element.attributes {
                    check(&format!("{} {}", element.name, attribute.name), attribute.about);
                }
                for answer in element.answers {
                    check(answer.event, answer.about);
                }
            });
        }
    }
    for function in &modules().functions {
        check(function.path, function.about);
    }
}

#[test]
fn the_printed_table_names_every_attribute_and_answer() {
    let text = markdown();
    for module in &modules().modules {
        for element in module.elements {
            assert!(
                text.contains(&format!("### `<{}:{}>`", module.prefix, element.name)),
                "{}",
                element.name
            );
            each(element, &mut |element| {
                for attribute in element.attributes {
                    assert!(text.contains(&format!("`{}`", attribute.name)), "{}", attribute.name);
                }
                for answer in element.answers {
                    assert!(text.contains(&format!("| `{}` |", answer.event)), "{}", answer.event);
                }
            });
        }
    }
}

/// The documentation that people read is what the code says.
#[test]
fn the_documentation_is_what_the_tables_say() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/vocabulary.md");
    let written = std::fs::read_to_string(path).unwrap_or_default();
    assert!(
        written == markdown(),
        "docs/vocabulary.md is not what the tables say; renew it: cargo run -q -- chart vocabulary --markdown > docs/vocabulary.md"
    );
}

//! Random charts that are mostly valid: trees of states, transitions between them, content of every kind.

use std::fmt::Write as _;

use crate::chance::Chance;

/// Names of events that charts wait for and that are sent to them.
pub(crate) const EVENTS: &[&str] =
    &["a", "b", "c", "a.b", "c.d.e", "error.execution", "done.invoke.i", "done.state.s1", "*", "x"];
const VALUES: &[&str] = &[
    "1",
    "n + 1",
    "'text'",
    "[n, list]",
    "{a: n, b: [1, {c: 'd'}]}",
    "undefined",
    "null",
    "NaN",
    "-0",
    "n > 2",
    "list.length",
    "nowhere",
    "nowhere.a",
    "_event.name",
    "_event.data",
    "_event",
    "_sessionid",
    "_name",
    "In('s1')",
    "Math.random()",
    "Date.now()",
    "new Date(5)",
    "/a+/g",
    "new Map([[1, n]])",
    "new Set(list)",
    "function (x) { return x + n }",
    "f(n)",
    "object",
    "object.a",
    "list[0]",
    "12345678901234567890n",
    "'\\u2028\\ud800'",
    "object = {self: object}",
    "[list, list]",
    "x.y.z",
    "throw",
    "(",
    "n++",
    "_ioprocessors",
    "JSON.parse('{\"__proto__\": 1}')",
    "Object.keys(_data)",
    "new Error('e')",
    // A symbol that is kept is undefined after a restore (docs/durable-sessions.md): only its text can be compared.
    "String(Symbol('s'))",
    "'x'.repeat(5000)",
    "(() => n)()",
    "this",
    "_data.n",
    "typeof y",
    "delete list[0]",
    "list.map(function (i) { return i })",
    "[...list, 1].slice(-5)",
];
const SCRIPTS: &[&str] = &[
    "n += 1;",
    "list.push(n); list = list.slice(-4);",
    "var v",
    "var y = n; function g(a) { return a * 2 } n = g(n) % 100;",
    "object['k' + n % 5] = list;",
    "throw new Error('thrown');",
    "for (var i = 0; i < 10; i++) n += i;",
    "n %= 50;",
    "__Raise('b', {n: n});",
    "__Log(n, 'script');",
    "Promise.resolve(1).then(function (x) { n += x });",
    "delete object.a;",
    "(function r(d) { if (d) r(d - 1) })(20);",
    "class K { m() { return n } } object.k = new K();",
    "list.length = 0;",
    "with (object) { }",
    "undeclared = 1;",
    "object.a = object;",
    "f = function (x) { return x * 2 };",
    "}",
    "Object.prototype.p = 1;",
    "list = list.concat(list).slice(0, 9);",
];
const LOCATIONS: &[&str] =
    &["n", "list", "object.a", "list[1]", "y", "nowhere.a", "_event.data", "object['b c']", "1", "f"];
const CONDITIONS: &[&str] = &[
    "true",
    "false",
    "n % 2 == 0",
    "n > 3",
    "In('s1')",
    "In('s2')",
    "!In('s0')",
    "_event.data.n",
    "list.length",
    "nowhere",
    "Math.random() &lt; 0.5",
    "_event.name == 'a'",
    "typeof object.a == 'object'",
];

/// Writes a chart.
pub(crate) struct Writer<'a> {
    chance: &'a mut Chance,
    text: String,
    states: usize,
    is_null: bool,
    /// How many more elements of content may be written.
    content: usize,
}

/// A random chart.
pub(crate) fn chart(chance: &mut Chance) -> String {
    let is_null = chance.percent(10);
    let states = 2 + chance.below(14);
    let mut writer = Writer { chance, text: String::new(), states, is_null, content: 60 };
    writer.document();
    writer.text
}

impl Writer<'_> {
    fn put(&mut self, arguments: std::fmt::Arguments<'_>) {
        // Writing to a string does not fail.
        let _written = self.text.write_fmt(arguments);
    }

    fn document(&mut self) {
        let model = if self.is_null { " datamodel='null'" } else { "" };
        let binding = if self.chance.percent(20) { " binding='late'" } else { "" };
        let initial =
            if self.chance.percent(20) { format!(" initial='{}'", self.state()) } else { String::new() };
        self.put(format_args!(
            "<scxml xmlns='http://www.w3.org/2005/07/scxml' xmlns:k='http://fuzz.example/kettle' version='1.0' name='f'{model}{binding}{initial}>\n"
        ));
        if !self.is_null {
            self.put(format_args!(
                "<datamodel><data id='n' expr='0'/><data id='list' expr='[]'/><data id='object'>{{\"a\": 1}}</data><data id='y'/><data id='f' expr='function (x) {{ return x }}'/></datamodel>\n"
            ));
            if self.chance.percent(50) {
                let script = escaped(self.chance.one_of(SCRIPTS));
                self.put(format_args!("<script>{script}</script>"));
            }
        }
        let mut left: Vec<usize> = (0..self.states).rev().collect();
        while !left.is_empty() {
            self.tree(&mut left, 0, false);
        }
        self.put(format_args!("</scxml>"));
    }

    fn state(&mut self) -> String {
        format!("s{}", self.chance.below(self.states))
    }

    fn tree(&mut self, left: &mut Vec<usize>, depth: usize, is_region: bool) {
        let Some(id) = left.pop() else { return };
        let roll = self.chance.below(100);
        if roll < 12 && !is_region {
            self.put(format_args!("<final id='s{id}'>"));
            self.handlers();
            if self.chance.percent(40) {
                let value = self.value();
                self.put(format_args!("<donedata><param name='p' expr=\"{value}\"/></donedata>"));
            }
            self.put(format_args!("</final>\n"));
            return;
        }
        if roll < 22 && depth > 0 && !is_region {
            let kind = if self.chance.percent(50) { "deep" } else { "shallow" };
            let target = self.state();
            self.put(format_args!(
                "<history id='s{id}' type='{kind}'><transition target='{target}'/></history>\n"
            ));
            return;
        }
        let is_parallel = roll < 40 && depth < 4 && left.len() > 1;
        let name = if is_parallel { "parallel" } else { "state" };
        self.put(format_args!("<{name} id='s{id}'>"));
        if !self.is_null && self.chance.percent(15) {
            let value = self.value();
            self.put(format_args!("<datamodel><data id='d{id}' expr=\"{value}\"/></datamodel>"));
        }
        self.handlers();
        for _ in 0..self.chance.below(4) {
            self.transition();
        }
        if self.chance.percent(10) {
            self.invoke();
        }
        if depth < 4 {
            let children = if is_parallel { 2 + self.chance.below(2) } else { self.chance.below(4) };
            for _ in 0..children {
                self.tree(left, depth + 1, is_parallel);
            }
        }
        self.put(format_args!("</{name}>\n"));
    }

    fn handlers(&mut self) {
        for name in ["onentry", "onexit"] {
            if self.chance.percent(35) {
                self.put(format_args!("<{name}>"));
                self.block(0);
                self.put(format_args!("</{name}>"));
            }
        }
    }

    fn transition(&mut self) {
        self.put(format_args!("<transition"));
        if self.chance.percent(85) {
            let event = self.chance.one_of(EVENTS);
            self.put(format_args!(" event='{event}'"));
        }
        if self.chance.percent(40) {
            let condition = self.condition();
            self.put(format_args!(" cond=\"{condition}\""));
        }
        if self.chance.percent(75) {
            let target = self.state();
            self.put(format_args!(" target='{target}"));
            if self.chance.percent(8) {
                let second = self.state();
                self.put(format_args!(" {second}"));
            }
            self.put(format_args!("'"));
        }
        if self.chance.percent(20) {
            self.put(format_args!(" type='internal'"));
        }
        self.put(format_args!(">"));
        self.block(0);
        self.put(format_args!("</transition>"));
    }

    fn invoke(&mut self) {
        let forward = if self.chance.percent(40) { " autoforward='true'" } else { "" };
        let id = if self.chance.percent(50) { " id='i'" } else { "" };
        self.put(format_args!("<invoke src='child.scxml'{id}{forward}>"));
        if !self.is_null && self.chance.percent(50) {
            self.put(format_args!("<finalize><assign location='n' expr='n + 1'/></finalize>"));
        }
        self.put(format_args!("</invoke>"));
    }

    fn condition(&mut self) -> &'static str {
        if self.is_null {
            self.chance.one_of(&["In('s1')", "true", "!In('s0')"])
        } else {
            self.chance.one_of(CONDITIONS)
        }
    }

    fn value(&mut self) -> String {
        escaped(self.chance.one_of(VALUES))
    }

    fn block(&mut self, depth: usize) {
        for _ in 0..self.chance.below(3) {
            if self.content == 0 {
                return;
            }
            self.content -= 1;
            self.element(depth);
        }
    }

    fn element(&mut self, depth: usize) {
        let event = self.chance.one_of(&["a", "b", "c", "a.b"]);
        let kind = if self.is_null { self.chance.below(4) } else { self.chance.below(14) };
        match kind {
            0 => self.put(format_args!("<raise event='{event}'/>")),
            1 => self.put(format_args!("<send event='{event}' id='i' delay='{}ms'/>", 1 + depth)),
            2 => self.put(format_args!("<cancel sendid='i'/>")),
            3 => self.put(format_args!("<log label='l'/>")),
            4 | 5 => {
                let (location, value) = (escaped(self.chance.one_of(LOCATIONS)), self.value());
                self.put(format_args!("<assign location=\"{location}\" expr=\"{value}\"/>"));
            }
            6 => {
                let script = escaped(self.chance.one_of(SCRIPTS));
                self.put(format_args!("<script>{script}</script>"));
            }
            7 => {
                let value = self.value();
                self.put(format_args!("<log expr=\"{value}\"/>"));
            }
            8 if depth < 3 => {
                let condition = self.condition();
                self.put(format_args!("<if cond=\"{condition}\">"));
                self.block(depth + 1);
                self.put(format_args!("<elseif cond='n'/>"));
                self.block(depth + 1);
                self.put(format_args!("<else/>"));
                self.block(depth + 1);
                self.put(format_args!("</if>"));
            }
            9 if depth < 3 => {
                let list = self.value();
                self.put(format_args!("<foreach array=\"{list}\" item='y' index='n'>"));
                self.block(depth + 1);
                self.put(format_args!("</foreach>"));
            }
            10 => {
                let (value, target) = (
                    self.value(),
                    self.chance.one_of(&["", "#_internal", "#_parent", "#_i", "#_scxml_other", "nowhere"]),
                );
                let target = if target.is_empty() { String::new() } else { format!(" target='{target}'") };
                self.put(format_args!(
                    "<send event='{event}'{target} idlocation='y'><param name='p' expr=\"{value}\"/></send>"
                ));
            }
            11 => {
                let value = self.value();
                self.put(format_args!(
                    "<send eventexpr=\"{value}\" delayexpr=\"{value}\" namelist='n list'/>"
                ));
            }
            12 => {
                let value = self.value();
                self.put(format_args!("<k:boil water=\"{value}\" requestid='y'/>"));
            }
            _ => self.put(format_args!(
                "<raise event='{event}'><content>text <b xmlns=''>markup</b></content></raise>"
            )),
        }
    }
}

/// Text as it stands in an attribute or an element.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('"', "&quot;")
}

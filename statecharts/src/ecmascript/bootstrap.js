// What every context of a chart begins with. Runs once per chart and worker, before any text of a chart.
// Gives back the functions that the host calls; nothing else of this closure can be reached by a chart.
(function (natives, constantsText, functions) {
  'use strict';
  const { freeze, defineProperty, getPrototypeOf, setPrototypeOf, getOwnPropertyDescriptor } = Object;
  const { ownKeys, apply, construct } = Reflect;
  const hasOwn = Object.hasOwn;
  const global = globalThis;
  const { parse, stringify } = JSON;
  const objectPrototype = Object.prototype;
  const arrayPrototype = Array.prototype;
  const isArray = Array.isArray;

  // The session that runs now: only one runs at a time.
  const current = { scope: undefined, event: undefined, hasEvent: false, ioprocessors: undefined };

  // ---- Time and chance are passed in. Local time is UTC, so that a chart does the same on every machine.
  const RealDate = Date;
  const realParse = RealDate.parse;
  const hasZone = /(?:Z|GMT|UTC|[+-]\d\d:?\d\d)\s*(?:\([^)]*\))?\s*$|^\s*[+-]?\d{4,6}(?:-\d\d(?:-\d\d)?)?\s*$/i;
  const parseDate = (text) => {
    text = String(text);
    const time = realParse(text);
    return hasZone.test(text) || Number.isNaN(time) ? time : time - new RealDate(time).getTimezoneOffset() * 60000;
  };
  const EngineDate = function Date(...parts) {
    if (new.target === undefined) return new RealDate(natives.now()).toString();
    let time;
    if (parts.length === 0) time = natives.now();
    else if (parts.length > 1) time = RealDate.UTC(...parts);
    else if (typeof parts[0] === 'string') time = parseDate(parts[0]);
    else time = parts[0];
    return construct(RealDate, [time], new.target);
  };
  EngineDate.prototype = RealDate.prototype;
  for (const [name, value] of [['now', () => natives.now()], ['parse', parseDate], ['UTC', RealDate.UTC]]) {
    defineProperty(EngineDate, name, { value, writable: true, configurable: true });
  }
  defineProperty(RealDate.prototype, 'constructor', { value: EngineDate, writable: true, configurable: true });
  for (const part of ['Date', 'Day', 'FullYear', 'Hours', 'Milliseconds', 'Minutes', 'Month', 'Seconds']) {
    for (const verb of ['get', 'set']) {
      const utc = RealDate.prototype[verb + 'UTC' + part];
      if (utc) defineProperty(RealDate.prototype, verb + part, { value: utc, writable: true, configurable: true });
    }
  }
  const toUtc = RealDate.prototype.toUTCString;
  const asText = (from, to) => function () { return apply(toUtc, this, []).slice(from, to); };
  const dateTexts = {
    getTimezoneOffset() { return Number.isNaN(this.getTime()) ? NaN : 0; },
    toString: asText(0), toDateString: asText(0, 16), toTimeString: asText(17),
    toLocaleString: asText(0), toLocaleDateString: asText(0, 16), toLocaleTimeString: asText(17, 25),
  };
  for (const name of ownKeys(dateTexts)) {
    defineProperty(RealDate.prototype, name, { value: dateTexts[name], writable: true, configurable: true });
  }
  global.Date = EngineDate;
  Math.random = () => natives.random();
  for (const name of ['WeakRef', 'FinalizationRegistry', 'Atomics', 'SharedArrayBuffer', 'performance', 'queueMicrotask', 'gc', 'console']) {
    delete global[name];
  }

  // ---- Markup: enough of a document to read it (scxml: B.2.8).
  const trees = new WeakMap();
  const texts = new WeakMap();
  class Markup {
    constructor(tree, text) { trees.set(this, tree); texts.set(this, text); }
    get tagName() { return trees.get(this).name; }
    get nodeName() { return trees.get(this).name; }
    get documentElement() { return this; }
    get firstChild() { return this.childNodes[0] ?? null; }
    get childNodes() { return trees.get(this).children.map((child) => (typeof child === 'string' ? child : new Markup(child))); }
    get textContent() { return trees.get(this).children.map((child) => (typeof child === 'string' ? child : new Markup(child).textContent)).join(''); }
    getAttribute(name) { return trees.get(this).attributes[name] ?? null; }
    hasAttribute(name) { return hasOwn(trees.get(this).attributes, name); }
    getElementsByTagName(name) {
      const found = [];
      const visit = (tree) => {
        for (const child of tree.children) {
          if (typeof child === 'string') continue;
          if (name === '*' || child.name === name) found.push(new Markup(child));
          visit(child);
        }
      };
      visit(trees.get(this));
      return found;
    }
    toString() { return texts.get(this) ?? trees.get(this).text; }
    toJSON() { return { '#xml': this.toString() }; }
  }
  const markup = (text) => new Markup(parse(natives.markup(text)), text);
  const isMarkup = (value) => typeof value === 'object' && value !== null && trees.has(value);
  const revive = (value) => {
    if (typeof value !== 'object' || value === null) return value;
    const keys = ownKeys(value);
    if (keys.length === 1 && keys[0] === '#xml' && typeof value['#xml'] === 'string') return markup(value['#xml']);
    for (const key of isArray(value) ? value.keys() : keys) value[key] = revive(value[key]);
    return value;
  };

  // ---- Constants and functions of the host.
  const constants = parse(constantsText);
  for (const [path, call] of functions) {
    const names = path.split('.');
    const last = names.pop();
    let owner = constants;
    for (const name of names) owner = owner[name] ??= {};
    owner[last] = call;
  }
  const constantPaths = new Map();
  const index = (value, path) => {
    if ((typeof value !== 'object' && typeof value !== 'function') || value === null || constantPaths.has(value)) return;
    constantPaths.set(value, path);
    for (const key of ownKeys(value)) if (typeof key === 'string') index(value[key], [...path, key]);
  };
  for (const name of ownKeys(constants)) index(constants[name], [name]);

  // ---- Names that the platform puts into the scope of every session (scxml: 5.10).
  const system = {};
  const readOnly = (name, get) => defineProperty(system, name, {
    get, set() { throw new TypeError(name + ' is read-only'); }, enumerable: false, configurable: false,
  });
  readOnly('_event', () => {
    if (!current.hasEvent) {
      const event = natives.event();
      if (event !== undefined) {
        if (event.data !== undefined) event.data = revive(event.data);
        freeze(event);
      }
      current.event = event;
      current.hasEvent = true;
    }
    return current.event;
  });
  readOnly('_sessionid', () => natives.sessionid());
  readOnly('_name', () => natives.name());
  readOnly('_data', () => current.scope);
  readOnly('_ioprocessors', () => {
    if (current.ioprocessors === undefined) {
      const processors = parse(natives.ioprocessors());
      for (const name of ownKeys(processors)) freeze(processors[name]);
      current.ioprocessors = freeze(processors);
    }
    return current.ioprocessors;
  });
  readOnly('_x', () => emptyX);
  const emptyX = freeze({});
  defineProperty(system, 'In', { value: (state) => natives.isActive(String(state)), enumerable: false });
  for (const name of ownKeys(constants)) defineProperty(system, name, { value: constants[name], enumerable: false });

  // ---- Helpers that charts of ORS call.
  const reading = (value) => (value === undefined ? 'undefined' : typeof value === 'function' ? String(value) : stringify(value));
  const helpers = {
    uneval: (value) => reading(value),
    __Log: (text, label, level) => natives.log(stringify([text ?? null, String(label ?? ''), level ?? null])),
    __Raise: (name, data) => natives.raise(String(name), data === undefined ? undefined : stringify(data)),
    __GetCurrentStates: () => parse(natives.states()),
    __GetDocumentURL: () => natives.document(),
  };
  for (const name of ownKeys(helpers)) defineProperty(global, name, { value: helpers[name], writable: true, configurable: true, enumerable: false });

  // ---- Built-ins are shared by all sessions: nothing that can be reached from them may change.
  // A frozen prototype would forbid `this.toString = …` on every object; these accessors allow it again.
  const allowOverride = (prototype) => {
    for (const name of ownKeys(prototype)) {
      const found = getOwnPropertyDescriptor(prototype, name);
      if (!('value' in found) || !found.configurable) continue;
      const value = found.value;
      defineProperty(prototype, name, {
        get() { return value; },
        set(changed) {
          if (this === prototype) throw new TypeError('built-in objects cannot be changed');
          defineProperty(this, name, { value: changed, writable: true, enumerable: true, configurable: true });
        },
        enumerable: false,
        configurable: false,
      });
    }
  };
  for (const prototype of [objectPrototype, Function.prototype, Error.prototype, TypeError.prototype, RangeError.prototype,
    ReferenceError.prototype, SyntaxError.prototype, EvalError.prototype, URIError.prototype]) allowOverride(prototype);
  const visited = new Set();
  function harden(root) {
    const open = [root];
    while (open.length > 0) {
      const value = open.pop();
      if ((typeof value !== 'object' && typeof value !== 'function') || value === null || visited.has(value)) continue;
      visited.add(value);
      for (const key of ownKeys(value)) {
        const found = getOwnPropertyDescriptor(value, key);
        open.push(found.value, found.get, found.set);
      }
      open.push(getPrototypeOf(value));
      freeze(value);
    }
    visited.clear();
    return root;
  }
  const hidden = [
    function* () {}, async function () {}, async function* () {}, [][Symbol.iterator](), ''[Symbol.iterator](),
    new Map()[Symbol.iterator](), new Set()[Symbol.iterator](), 'a'.matchAll(/a/g), (function* () {})(), (async function* () {})(),
  ].map(getPrototypeOf);
  for (const root of [global, ...hidden, constants, system, Markup, emptyX]) harden(root);

  // ---- Sessions.
  const enter = (scope) => {
    current.scope = scope;
    current.event = current.ioprocessors = undefined;
    current.hasEvent = false;
  };
  const forgetEvent = () => { current.event = undefined; current.hasEvent = false; };
  const create = () => setPrototypeOf({}, system);
  const declare = (scope, name) => {
    if (name in system && !(name in objectPrototype)) throw new TypeError(name + ' is a name of the platform');
    if (!hasOwn(scope, name)) defineProperty(scope, name, { value: undefined, writable: true, enumerable: true, configurable: true });
  };
  const assignName = (scope, name, value) => {
    const nested = hasOwn(scope, name) ? undefined : scope.system;
    if (typeof nested === 'object' && nested !== null && hasOwn(nested, name)) nested[name] = value;
    else scope[name] = value;
  };
  const list = (value) => {
    if (isArray(value)) return arrayPrototype.slice.call(value);
    if (typeof value === 'object' && value !== null && typeof value[Symbol.iterator] === 'function') return [...value];
    throw new TypeError('`array` is no list');
  };

  // ---- A scope as text: `[values, special]`. JSON holds most values; `special` says what it cannot hold, and where.
  const plain = (value) => {
    const prototype = getPrototypeOf(value);
    return prototype === objectPrototype || prototype === arrayPrototype || prototype === system || prototype === null;
  };
  const pack = (root) => {
    const special = [];
    const seen = new Map();
    let needsPlaceholder = false;
    const shared = new Map();
    const describe = (value, path) => {
      switch (typeof value) {
        case 'string': case 'boolean': return;
        case 'number':
          if (!Number.isFinite(value) || Object.is(value, -0)) special.push([[...path], 'number', Object.is(value, -0) ? '-0' : String(value)]);
          return;
        case 'undefined': needsPlaceholder = true; special.push([[...path], 'undefined']); return;
        case 'bigint': needsPlaceholder = true; special.push([[...path], 'bigint', String(value)]); return;
        case 'symbol': needsPlaceholder = true; special.push([[...path], 'undefined']); return;
      }
      if (value === null) return;
      if (constantPaths.has(value)) { mark(value, path, ['constant', constantPaths.get(value)]); return; }
      if (value === current.ioprocessors) { mark(value, path, ['system', '_ioprocessors']); return; }
      if (value === current.scope && path.length > 0) { mark(value, path, ['same', []]); return; }
      if (seen.has(value)) { mark(value, path, ['same', seen.get(value)]); return; }
      seen.set(value, [...path]);
      if (typeof value === 'function') { needsPlaceholder = true; special.push([[...path], ...functionText(value)]); return; }
      if (isMarkup(value)) { mark(value, path, ['markup', value.toString()]); return; }
      if (!plain(value) && !describeInstance(value, path)) return;
      if (isArray(value)) {
        for (let at = 0; at < value.length; at += 1) { path.push(at); describe(value[at], path); path.pop(); }
      } else {
        for (const key of Object.keys(value)) { path.push(key); describe(value[key], path); path.pop(); }
      }
    };
    const mark = (value, path, how) => {
      needsPlaceholder = true;
      special.push([[...path], ...how]);
      let places = shared.get(value);
      if (!places) shared.set(value, (places = new Set()));
      places.add(stringify(path));
    };
    // Whether the properties of the value are to be described too.
    const describeInstance = (value, path) => {
      if (value instanceof RealDate) { mark(value, path, ['date', value.getTime()]); return false; }
      if (value instanceof RegExp) { mark(value, path, ['regexp', value.source, value.flags]); return false; }
      if (value instanceof Map) { mark(value, path, ['map', pack([...value])]); return false; }
      if (value instanceof Set) { mark(value, path, ['set', pack([...value])]); return false; }
      if (value instanceof Error) { mark(value, path, ['error', String(value.name), String(value.message)]); return false; }
      const maker = getPrototypeOf(value).constructor;
      if (typeof maker === 'function' && hasOwn(root, maker.name) && root[maker.name] === maker) {
        special.push([[...path], 'instance', maker.name]);
      }
      return true;
    };
    describe(root, []);
    if (!needsPlaceholder) return '[' + stringify(root) + ',' + stringify(special) + ']';
    // A place that cannot be written keeps its position in the order of the keys by a null.
    const copy = (value, path) => {
      if (typeof value === 'bigint' || typeof value === 'function' || typeof value === 'undefined' || typeof value === 'symbol') return null;
      if (typeof value !== 'object' || value === null) return value;
      const places = shared.get(value);
      if (places && places.has(stringify(path))) return null;
      if (isArray(value)) return value.map((item, at) => { path.push(at); const made = copy(item, path); path.pop(); return made; });
      const made = setPrototypeOf({}, null);
      for (const key of Object.keys(value)) { path.push(key); made[key] = copy(value[key], path); path.pop(); }
      return made;
    };
    const text = shared.size > 0
      ? stringify(copy(root, []))
      : stringify(root, (_key, value) => (value === undefined || typeof value === 'function' || typeof value === 'bigint' || typeof value === 'symbol' ? null : value));
    return '[' + text + ',' + stringify(special) + ']';
  };
  const functionText = (value) => {
    const text = Function.prototype.toString.call(value);
    if (!text.includes('[native code]')) return ['function', text];
    return global[value.name] === value ? ['global', value.name] : ['undefined'];
  };
  const makeFunction = (scope, text) => {
    const make = (body) => new Function('__scope__', "with(__scope__){return (function(){'use strict';return (" + body + '\n)}).call(__scope__)}')(scope);
    try {
      return make(text);
    } catch (error) {
      // A method such as `{ f() {} }` is no expression on its own.
      const holder = make('{' + text + '}');
      return holder[ownKeys(holder)[0]];
    }
  };
  const unpack = (text, scopeForFunctions) => {
    const [root, special] = parse(text);
    const scope = scopeForFunctions ?? setPrototypeOf(root, system);
    const place = (path, value) => {
      let owner = root;
      for (let at = 0; at < path.length - 1; at += 1) owner = owner[path[at]];
      defineProperty(owner, path[path.length - 1], { value, writable: true, enumerable: true, configurable: true });
    };
    const at = (from, path) => { let found = from; for (const key of path) found = found[key]; return found; };
    const later = [];
    for (const [path, kind, first, second] of special) {
      switch (kind) {
        case 'undefined': place(path, undefined); break;
        case 'number': place(path, Number(first)); break;
        case 'bigint': place(path, BigInt(first)); break;
        case 'function': place(path, makeFunction(scope, first)); break;
        case 'global': place(path, global[first]); break;
        case 'date': place(path, new RealDate(first)); break;
        case 'regexp': place(path, new RegExp(first, second)); break;
        case 'map': place(path, new Map(unpack(first, scope))); break;
        case 'set': place(path, new Set(unpack(first, scope))); break;
        case 'error': { const made = new Error(second); made.name = first; place(path, made); break; }
        case 'markup': place(path, markup(first)); break;
        case 'constant': place(path, at(constants, first)); break;
        case 'system': place(path, system[first]); break;
        default: later.push([path, kind, first]);
      }
    }
    for (const [path, kind, first] of later) if (kind === 'instance') setPrototypeOf(at(root, path), scope[first].prototype);
    for (const [path, kind, first] of later) if (kind === 'same') place(path, at(root, first));
    return root;
  };
  return [enter, forgetEvent, create, declare, assignName, list, pack, (text) => unpack(text), markup, revive];
})

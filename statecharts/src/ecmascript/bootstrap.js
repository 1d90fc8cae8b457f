// What every context of a chart begins with. Runs once per chart and worker, before any text of a chart.
// Gives back the functions that the host calls; nothing else of this closure can be reached by a chart.
(function (natives, constantsText, functions, functionTexts) {
  'use strict';
  const { freeze, isFrozen, keys: keysOf, defineProperty, getPrototypeOf, setPrototypeOf, getOwnPropertyDescriptor } = Object;
  const { ownKeys, apply, construct } = Reflect;
  const hasOwn = Object.hasOwn;
  const global = globalThis;
  const { parse, stringify } = JSON;
  const objectPrototype = Object.prototype;
  const arrayPrototype = Array.prototype;
  const isArray = Array.isArray;
  const functionText = Function.prototype.toString;

  // The session that runs now: only one runs at a time.
  const current = { scope: undefined, event: undefined, hasEvent: false, readings: undefined };

  // ---- Time and chance are passed in. Local time is UTC, so that a chart does the same on every machine.
  const RealDate = Date;
  const realParse = RealDate.parse;
  const realOffset = RealDate.prototype.getTimezoneOffset;
  const hasZone = /(?:Z|GMT|UTC|[+-]\d\d:?\d\d)\s*(?:\([^)]*\))?\s*$|^\s*[+-]?\d{4,6}(?:-\d\d(?:-\d\d)?)?\s*$/i;
  const parseDate = (text) => {
    text = String(text);
    const time = realParse(text);
    if (hasZone.test(text) || Number.isNaN(time)) return time;
    // Named, because an hour that the zone of the machine leaves out cannot be computed back.
    for (const zone of ['Z', ' UTC']) {
      const named = realParse(text + zone);
      if (!Number.isNaN(named)) return named;
    }
    return time - apply(realOffset, new RealDate(time), []) * 60000;
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
    getYear() { return this.getUTCFullYear() - 1900; },
    setYear(year) {
      year = Number(year);
      if (Number.isNaN(year)) return this.setTime(NaN);
      if (Number.isNaN(this.getTime())) this.setTime(0);
      const whole = Math.trunc(year);
      return this.setUTCFullYear(whole >= 0 && whole <= 99 ? whole + 1900 : year);
    },
    toString: asText(0), toDateString: asText(0, 16), toTimeString: asText(17),
    toLocaleString: asText(0), toLocaleDateString: asText(0, 16), toLocaleTimeString: asText(17, 25),
  };
  for (const name of ownKeys(dateTexts)) {
    defineProperty(RealDate.prototype, name, { value: dateTexts[name], writable: true, configurable: true });
  }
  global.Date = EngineDate;
  Math.random = () => natives.random();
  const RealProxy = Proxy;
  for (const name of ['WeakRef', 'FinalizationRegistry', 'Atomics', 'SharedArrayBuffer', 'performance', 'queueMicrotask', 'gc', 'console', 'Proxy']) {
    delete global[name];
  }

  // Setters that would reach every session: one calls a function of a session for the errors of all others.
  delete Error.prepareStackTrace;
  delete Error.stackTraceLimit;

  // ---- The engine asks whether to go on at calls and backward jumps. Built-in functions that walk over long lists and texts by
  // themselves are counted here before they begin. Nobody can lie about a length: there is no Proxy, and getters are refused.
  const LONG = 4096;
  const charge = (steps) => { if (steps > LONG) natives.work(steps); };
  const typedPrototype = getPrototypeOf(Uint8Array).prototype;
  const typedLength = getOwnPropertyDescriptor(typedPrototype, 'length').get;
  const countOf = (value) => {
    if (isArray(value) || typeof value === 'string') return value.length;
    if (typeof value !== 'object' && typeof value !== 'function') return 0;
    for (let at = value; at !== null; at = getPrototypeOf(at)) {
      const found = getOwnPropertyDescriptor(at, 'length');
      if (found === undefined) continue;
      if (found.get === typedLength) return apply(typedLength, value, []);
      if (typeof found.value !== 'number') throw new TypeError('the length of a list is a number');
      return found.value;
    }
    return 0;
  };
  const textOf = (value) => {
    if (value === null || value === undefined) throw new TypeError('this is no text');
    return typeof value === 'string' ? value : String(value);
  };
  // What stands in the place of a built-in function, and its path, by which it is written down.
  const counted = new Map();
  const replace = (path, make) => {
    const names = path.split('.');
    const last = names.pop();
    const name = last === '@@iterator' ? Symbol.iterator : last;
    const owner = names.reduce((owner, name) => owner[name], path.startsWith('TypedArray.') ? { TypedArray: typedPrototype.constructor } : global);
    const native = owner[name];
    if (native === undefined) return;
    const made = { [name](...given) { return make(native, this, given); } }[name];
    defineProperty(made, 'length', { value: native.length });
    defineProperty(owner, name, { value: made });
    counted.set(made, path);
  };
  for (const name of ['fill', 'join', 'toLocaleString', 'reverse', 'copyWithin', 'slice', 'splice', 'shift', 'unshift', 'toReversed', 'toSpliced', 'with']) {
    replace('Array.prototype.' + name, (native, list, given) => { charge(countOf(list)); return apply(native, list, given); });
  }
  // A text that is looked for may be compared with every item.
  for (const name of ['indexOf', 'lastIndexOf', 'includes']) {
    replace('Array.prototype.' + name, (native, list, given) => {
      const count = countOf(list);
      charge(typeof given[0] === 'string' ? count + count * given[0].length / 16 : count);
      return apply(native, list, given);
    });
  }
  for (const name of ['sort', 'toSorted']) {
    replace('Array.prototype.' + name, (native, list, given) => { charge(countOf(list) * 16); return apply(native, list, given); });
  }
  replace('Array.prototype.concat', (native, list, given) => {
    let steps = 0;
    for (const part of [list, ...given]) {
      if (isArray(part) || (typeof part === 'object' && part !== null && Symbol.isConcatSpreadable in part)) steps += countOf(part);
    }
    charge(steps);
    return apply(native, list, given);
  });
  const flatten = (list, depth, into) => {
    for (let at = 0, end = countOf(list); at < end; at += 1) {
      if (!(at in list)) continue;
      if (depth >= 1 && isArray(list[at])) flatten(list[at], depth - 1, into);
      else into[into.length] = list[at];
    }
    return into;
  };
  const mapOf = arrayPrototype.map;
  replace('Array.prototype.flat', (native, list, [depth]) => flatten(list, depth === undefined ? 1 : Number(depth), []));
  replace('Array.prototype.flatMap', (native, list, given) => flatten(apply(mapOf, list, given), 1, []));
  replace('String.raw', (native, self, given) => { charge(countOf(given[0]?.raw)); return apply(native, self, given); });
  for (const name of ['fill', 'indexOf', 'lastIndexOf', 'includes', 'reverse', 'toReversed', 'copyWithin', 'slice', 'set', 'join', 'with']) {
    replace('TypedArray.prototype.' + name, (native, list, given) => { charge(apply(typedLength, list, [])); return apply(native, list, given); });
  }
  for (const name of ['sort', 'toSorted']) {
    replace('TypedArray.prototype.' + name, (native, list, given) => { charge(apply(typedLength, list, []) * 16); return apply(native, list, given); });
  }
  // Whoever walks over a list or a text by its iterator, such as `new Set(list)`.
  for (const name of ['values', 'keys', 'entries']) {
    replace('Array.prototype.' + name, (native, list) => { charge(countOf(list)); return apply(native, list, []); });
    replace('TypedArray.prototype.' + name, (native, list) => { charge(apply(typedLength, list, [])); return apply(native, list, []); });
  }
  for (const prototype of [arrayPrototype, typedPrototype]) defineProperty(prototype, Symbol.iterator, { value: prototype.values });
  replace('String.prototype.@@iterator', (native, text) => { text = textOf(text); charge(text.length); return apply(native, text, []); });
  const sizeOf = getOwnPropertyDescriptor(Set.prototype, 'size').get;
  const eachOf = Set.prototype.forEach;
  // Every key is hashed by its whole text.
  const keysCost = (set) => {
    let steps = apply(sizeOf, set, []);
    apply(eachOf, set, [(key) => { if (typeof key === 'string') steps += key.length; }]);
    return steps;
  };
  for (const name of ['isSubsetOf', 'isSupersetOf', 'isDisjointFrom', 'intersection', 'difference', 'symmetricDifference', 'union']) {
    replace('Set.prototype.' + name, (native, set, [other]) => {
      charge(keysCost(set) + (other instanceof Set ? keysCost(other) : 0));
      return apply(native, set, [other]);
    });
  }
  for (const path of ['Map.prototype.get', 'Map.prototype.has', 'Map.prototype.getOrInsert', 'Map.prototype.getOrInsertComputed', 'Map.prototype.set', 'Map.prototype.delete', 'Set.prototype.has', 'Set.prototype.add', 'Set.prototype.delete']) {
    replace(path, (native, collection, given) => {
      if (typeof given[0] === 'string') charge(given[0].length);
      return apply(native, collection, given);
    });
  }
  replace('Map.groupBy', (native, self, [items, keyOf]) => {
    if (typeof keyOf !== 'function') throw new TypeError('this is no function');
    const groups = new Map();
    let at = 0;
    for (const item of items) {
      const key = keyOf(item, at);
      const group = groups.get(key);
      if (group === undefined) groups.set(key, [item]);
      else group[group.length] = item;
      at += 1;
    }
    return groups;
  });
  for (const name of ['trim', 'trimStart', 'trimEnd', 'isWellFormed']) {
    replace('String.prototype.' + name, (native, text) => { text = textOf(text); charge(text.length); return apply(native, text, []); });
  }
  // The worst that a search can cost: the whole pattern at every place.
  const chargeSearch = (text, pattern) => charge(text.length + text.length * pattern.length / 16);
  for (const name of ['indexOf', 'lastIndexOf', 'includes', 'startsWith', 'endsWith']) {
    replace('String.prototype.' + name, (native, text, given) => {
      text = textOf(text);
      if (text.length > LONG || typeof given[0] !== 'string') {
        if (given[0] instanceof RegExp) throw new TypeError('a regular expression is no text');
        if (given.length > 0) given[0] = String(given[0]);
        if (given.length > 0) chargeSearch(text, given[0]);
      }
      return apply(native, text, given);
    });
  }
  for (const [name, symbol] of [['split', Symbol.split], ['replace', Symbol.replace], ['replaceAll', Symbol.replace]]) {
    replace('String.prototype.' + name, (native, text, given) => {
      let pattern = given[0];
      if (typeof pattern === 'object' && pattern !== null) {
        if (name === 'replaceAll' && pattern instanceof RegExp) return apply(native, text, given);
        const method = pattern[symbol];
        if (method !== undefined && method !== null) return apply(method, pattern, [textOf(text), ...given.slice(1)]);
      }
      text = textOf(text);
      if (pattern !== undefined || name !== 'split') pattern = given[0] = String(pattern);
      if (pattern !== undefined) chargeSearch(text, pattern);
      return apply(native, text, given);
    });
  }
  // Combining marks are put into order by a sort that may be quadratic.
  const chargeMarks = (text) => charge(text.length + text.length * text.length / 64);
  replace('String.prototype.normalize', (native, text, given) => { text = textOf(text); chargeMarks(text); return apply(native, text, given); });
  replace('String.prototype.localeCompare', (native, text, given) => {
    text = textOf(text);
    given[0] = String(given[0]);
    chargeMarks(text);
    chargeMarks(given[0]);
    return apply(native, text, given);
  });
  counted.set(EngineDate, 'Date');
  counted.set(Math.random, 'Math.random');

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
    if (keys.length === 1 && keys[0] === '#xml' && typeof value['#xml'] === 'string') {
      // What says that it is markup and is none came from outside: it stays the object that it is.
      try { return markup(value['#xml']); } catch (error) { return value; }
    }
    for (const key of isArray(value) ? value.keys() : keys) value[key] = revive(value[key]);
    return value;
  };

  // ---- Constants and functions of the host.
  const constants = parse(constantsText);
  // What is read belongs to the host: no script changes it. Of a property it stays the same object for the whole step.
  const fixed = (value) => {
    if (typeof value !== 'object' || value === null) return value;
    for (const key of ownKeys(value)) fixed(value[key]);
    return freeze(value);
  };
  const property = (path, read) => () => {
    const readings = (current.readings ??= { __proto__: null });
    if (!(path in readings)) readings[path] = fixed(read());
    return readings[path];
  };
  for (const [path, call, isProperty] of functions) {
    const names = path.split('.');
    const last = names.pop();
    let owner = constants;
    for (const name of names) owner = owner[name] ??= {};
    if (isProperty) defineProperty(owner, last, { get: property(path, call), enumerable: true, configurable: true });
    else owner[last] = call;
  }
  const constantPaths = new Map();
  const index = (value, path) => {
    if ((typeof value !== 'object' && typeof value !== 'function') || value === null || constantPaths.has(value)) return;
    constantPaths.set(value, path);
    for (const key of ownKeys(value)) if (typeof key === 'string') index(getOwnPropertyDescriptor(value, key).value, [...path, key]);
  };
  for (const name of ownKeys(constants)) index(constants[name], [name]);
  // Prototypes of their own tell what is shared from the data of a session, whoever holds it.
  const sharedObject = setPrototypeOf({}, objectPrototype);
  const sharedArray = setPrototypeOf({}, arrayPrototype);
  for (const value of constantPaths.keys()) {
    if (typeof value === 'object') setPrototypeOf(value, isArray(value) ? sharedArray : sharedObject);
  }

  // ---- Names that the platform puts into the scope of every session (scxml: 5.10).
  const system = {};
  const processorsOf = new WeakMap();
  const readOnly = (name, get) => defineProperty(system, name, {
    get, set() { throw new TypeError(name + ' is read-only'); }, enumerable: false, configurable: false,
  });
  readOnly('_event', () => {
    if (!current.hasEvent) {
      const event = natives.event();
      if (event !== undefined) {
        if (natives.eventHasMarkup()) event.data = revive(event.data);
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
    let processors = processorsOf.get(current.scope);
    if (processors === undefined) {
      processors = parse(natives.ioprocessors());
      for (const name of ownKeys(processors)) freeze(processors[name]);
      processorsOf.set(current.scope, freeze(setPrototypeOf(processors, sharedObject)));
    }
    return processors;
  });
  readOnly('_x', () => emptyX);
  const emptyX = freeze({});
  defineProperty(system, 'In', { value: (state) => natives.isActive(String(state)), enumerable: false });
  for (const name of ownKeys(constants)) defineProperty(system, name, { value: constants[name], enumerable: false });

  // ---- Shared values. A session sees one as an object of its own that reads through to it: what the session changes, and every object that it
  // has read and might change, is in `own`; what it deleted is in `without`. Nothing of a shared value itself ever reaches a script.
  const SHARED_MAX = 64;
  const sharedValues = new Map();
  const sharedValue = (hash) => {
    const found = sharedValues.get(hash) ?? fixed(setPrototypeOf(parse(natives.shared(hash)), null));
    // The one that was used longest ago goes first; sessions that run hold theirs.
    sharedValues.delete(hash);
    if (sharedValues.size >= SHARED_MAX) sharedValues.delete(sharedValues.keys().next().value);
    sharedValues.set(hash, found);
    return found;
  };
  const nothing = freeze({ __proto__: null });
  const layers = new WeakMap();
  const { get: readFrom, has: isIn, defineProperty: define, deleteProperty, getOwnPropertyDescriptor: describeOwn, preventExtensions } = Reflect;
  const dataProperty = (value) => ({ value, writable: true, enumerable: true, configurable: true });
  const traps = {
    __proto__: null,
    // Whether a property is still that of the shared value. There is no undefined in JSON.
    isShared(own, key) { return this.below[key] !== undefined && !hasOwn(own, key) && !(this.without !== undefined && this.without.has(key)); },
    // Makes a property the session's own.
    take(own, key) {
      const value = this.below[key];
      defineProperty(own, key, dataProperty(typeof value === 'object' && value !== null ? revive(parse(stringify(value))) : value));
    },
    get(own, key, receiver) {
      const value = this.below[key];
      if (value === undefined || !this.isShared(own, key)) return readFrom(own, key, receiver);
      if (typeof value !== 'object' || value === null) return value;
      this.take(own, key);
      return own[key];
    },
    has(own, key) { return this.isShared(own, key) || isIn(own, key); },
    ownKeys(own) {
      const all = { __proto__: null };
      for (const key of keysOf(this.below)) if (this.without === undefined || !this.without.has(key)) all[key] = true;
      for (const key of ownKeys(own)) all[key] = true;
      return ownKeys(all);
    },
    getOwnPropertyDescriptor(own, key) {
      if (!this.isShared(own, key)) return describeOwn(own, key);
      const value = this.below[key];
      if (typeof value !== 'object' || value === null) return dataProperty(value);
      this.take(own, key);
      return describeOwn(own, key);
    },
    defineProperty(own, key, property) {
      if (this.isShared(own, key)) this.take(own, key);
      if (property.get !== undefined) this.hasGetter = true;
      return define(own, key, property);
    },
    deleteProperty(own, key) {
      if (this.below[key] !== undefined) (this.without ??= new Set()).add(key);
      return deleteProperty(own, key);
    },
    preventExtensions(own) {
      for (const key of keysOf(this.below)) if (this.isShared(own, key)) this.take(own, key);
      this.below = nothing;
      this.hash = undefined;
      return preventExtensions(own);
    },
  };
  const layered = (own, hash, without) => {
    const layer = { __proto__: traps, own, hash, hasGetter: false, below: sharedValue(hash), without: without && without.length > 0 ? new Set(without) : undefined };
    const made = new RealProxy(own, layer);
    layers.set(made, layer);
    return made;
  };
  // What is written of it: the hash, unless it has become an object like others; what is its own; what it deleted.
  const layerOf = (value) => {
    const { hash, without } = layers.get(value);
    return [ownOf(value), hash, without === undefined ? undefined : stringify([...without])];
  };
  // A getter may ask for what is shared: its value comes from the whole.
  const ownOf = (value) => {
    const { own, hasGetter } = layers.get(value);
    if (!hasGetter) return own;
    const read = {};
    for (const key of keysOf(own)) defineProperty(read, key, dataProperty(value[key]));
    return read;
  };

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
    [].values().map((item) => item), Iterator.from({ next() {} }), ...(Iterator.concat ? [Iterator.concat([])] : []),
  ].map(getPrototypeOf);
  for (const root of [global, ...hidden, constants, system, Markup, emptyX]) harden(root);

  // ---- Sessions.
  const enter = (scope) => {
    current.scope = scope;
    current.readings = undefined;
    current.event = undefined;
    current.hasEvent = false;
  };
  const forgetEvent = () => { current.event = undefined; current.hasEvent = false; };
  const create = () => {
    const scope = setPrototypeOf({}, system);
    enter(scope);
    return scope;
  };
  const declare = (scope, name) => {
    if (name in system && !(name in objectPrototype)) throw new TypeError(name + ' is a name of the platform');
    if (!hasOwn(scope, name)) defineProperty(scope, name, { value: undefined, writable: true, enumerable: true, configurable: true });
  };
  // A name comes from outside: it makes a variable, and hides nothing that scripts rely on.
  const assignName = (scope, name, value) => {
    if (hasOwn(scope, name)) { scope[name] = value; return; }
    const nested = scope.system;
    if (typeof nested === 'object' && nested !== null && hasOwn(nested, name)) { nested[name] = value; return; }
    if (name === '__proto__' || (name in system && !(name in objectPrototype)) || hasOwn(global, name)) {
      throw new TypeError('`' + name + '` is a name of the platform or of the script language; no variable can be called so');
    }
    defineProperty(scope, name, { value, writable: true, enumerable: true, configurable: true });
  };
  const assignShared = (scope, name, own, hash, without) => assignName(scope, name, layered(own, hash, without));
  const list = (value) => {
    if (isArray(value)) return value.slice();
    if (typeof value === 'object' && value !== null && typeof value[Symbol.iterator] === 'function') return [...value];
    throw new TypeError('`array` is no list');
  };

  // ---- A scope as text: `[values, special, unset, declared]`. JSON holds most values. `special` says what it cannot hold, and
  // where; `unset` are the names without value; `declared` names the functions of the chart's scripts by number. What is
  // not JSON keeps its place in the order of the keys by a null.
  const declaredTexts = parse(functionTexts);
  const declaredIndex = new Map(declaredTexts.map((text, at) => [text, at]));
  const declaredMakers = [];
  const plain = (value) => {
    const prototype = getPrototypeOf(value);
    return prototype === objectPrototype || prototype === arrayPrototype || prototype === system || prototype === null;
  };
  const isData = (value) => value !== undefined && typeof value !== 'function' && typeof value !== 'bigint' && typeof value !== 'symbol';
  // What is written as it is, and needs no second look. The difference is NaN for what is not finite.
  const isSimple = (value) => {
    switch (typeof value) {
      case 'string': case 'boolean': return true;
      case 'number': return value - value === 0 && (value !== 0 || 1 / value > 0);
      default: return value === null;
    }
  };
  // A place is a chain of keys up to the scope, made a list only for what is special.
  const pathOf = (place) => {
    const path = [];
    for (let at = place; at !== null; at = at.up) path.push(at.key);
    return path.reverse();
  };
  // All of a scope, or only the variables of these names: then `[special, declared, ...values]`, the host has the rest.
  const pack = (root, names) => {
    const special = [];
    const unset = [];
    const declared = [];
    const seen = new Map([[root, null]]);
    const elsewhere = new Map();
    const entriesOf = new Map();
    let needsCopy = false;
    const note = (place, ...how) => { needsCopy = true; special.push([pathOf(place), ...how]); };
    // The value is not written at this place.
    const mark = (value, place, ...how) => {
      note(place, ...how);
      let places = elsewhere.get(value);
      if (!places) elsewhere.set(value, (places = new Set()));
      places.add(stringify(pathOf(place)));
    };
    const describe = (value, place) => {
      switch (typeof value) {
        case 'number': note(place, 'number', Object.is(value, -0) ? '-0' : String(value)); return;
        case 'undefined': case 'symbol': note(place, 'undefined'); return;
        case 'bigint': note(place, 'bigint', String(value)); return;
      }
      if (isFrozen(value)) {
        if (constantPaths.has(value)) { mark(value, place, 'constant', constantPaths.get(value)); return; }
        if (value === processorsOf.get(current.scope)) { mark(value, place, 'system', '_ioprocessors'); return; }
      }
      if (seen.has(value)) { mark(value, place, 'same', pathOf(seen.get(value))); return; }
      seen.set(value, place);
      if (typeof value === 'function') describeFunction(value, place);
      else if (layers.has(value)) describeLayer(value, place);
      else if (plain(value) || describeInstance(value, place)) describeProperties(value, place);
    };
    // What stands where JSON has no place: in a function, or beside the items of a list. It comes before what is special inside it.
    const describeBeside = (value, place) => {
      const entry = [pathOf(place), 'value', null];
      needsCopy = true;
      special.push(entry);
      if (!isSimple(value)) describe(value, place);
      entry[2] = copy(value, place);
    };
    const isIndex = (key) => String(key >>> 0) === key;
    const describeProperties = (value, place) => {
      if (getPrototypeOf(value) === null) note(place, 'bare');
      if (isArray(value)) {
        for (let at = 0; at < value.length; at += 1) if (!isSimple(value[at])) describe(value[at], { key: at, up: place });
        for (const key of keysOf(value)) if (!isIndex(key)) describeBeside(value[key], { key, up: place });
      } else {
        for (const key of keysOf(value)) if (!isSimple(value[key])) describe(value[key], { key, up: place });
      }
    };
    const describeFunction = (value, place) => {
      if (counted.has(value)) { note(place, 'counted', counted.get(value)); return; }
      const text = apply(functionText, value, []);
      const at = declaredIndex.get(text);
      if (at !== undefined) {
        needsCopy = true;
        if (place.up === null) declared.push(place.key, at);
        else special.push([pathOf(place), 'declared', at]);
      } else if (!text.includes('[native code]')) note(place, 'function', text, value.name);
      else {
        if (global[value.name] === value) note(place, 'global', value.name);
        else note(place, 'undefined');
        return;
      }
      for (const key of keysOf(value)) describeBeside(value[key], { key, up: place });
      describePrototype(value, { key: 'prototype', up: place });
    };
    const describePrototype = (maker, place) => {
      const found = getOwnPropertyDescriptor(maker, 'prototype');
      const prototype = found && found.value;
      if (typeof prototype !== 'object' || prototype === null) return;
      if (seen.has(prototype)) {
        if (found.writable) note(place, 'same', pathOf(seen.get(prototype)));
        return;
      }
      seen.set(prototype, place);
      for (const key of keysOf(prototype)) describeBeside(prototype[key], { key, up: place });
      // The text of a class says itself what is above it.
      if (found.writable) describeMaker(getPrototypeOf(prototype), place);
    };
    // By the name of the function whose prototype is above an object.
    const describeMaker = (prototype, place) => {
      if (prototype === null || prototype === objectPrototype) return;
      const holds = (name) => hasOwn(root, name) && typeof root[name] === 'function' && root[name].prototype === prototype;
      const name = [prototype.constructor?.name, ...keysOf(root)].find(holds);
      if (name !== undefined) special.push([pathOf(place), 'instance', name]);
    };
    // Whether the properties of the value are to be described too.
    const describeInstance = (value, place) => {
      if (isMarkup(value)) mark(value, place, 'markup', value.toString());
      else if (value instanceof RealDate) mark(value, place, 'date', value.getTime());
      else if (value instanceof RegExp) mark(value, place, 'regexp', value.source, value.flags, typeof value.lastIndex === 'number' ? value.lastIndex : 0);
      else if (value instanceof Map) return describeEntries(value, place, 'map');
      else if (value instanceof Set) return describeEntries(value, place, 'set');
      else if (value instanceof Error) mark(value, place, 'error', String(value.name), String(value.message));
      else {
        describeMaker(getPrototypeOf(value), place);
        return true;
      }
      return false;
    };
    // In the place of a map or set is the list of what it holds, so that what it shares with others stays shared.
    const describeEntries = (value, place, kind) => {
      const entries = [...value];
      entriesOf.set(value, entries);
      note(place, kind);
      describeProperties(entries, place);
      return false;
    };
    // In its place is what is its own.
    const describeLayer = (value, place) => {
      const { hash, without } = layers.get(value);
      const own = ownOf(value);
      entriesOf.set(value, own);
      needsCopy = true;
      if (hash !== undefined) note(place, 'shared', hash, ...(without === undefined ? [] : [[...without]]));
      describeProperties(own, place);
    };
    const copy = (given, place) => {
      const value = entriesOf.get(given) ?? given;
      if (!isData(value)) return null;
      if (typeof value !== 'object' || value === null) return value;
      const places = elsewhere.get(given);
      if (places && places.has(stringify(pathOf(place)))) return null;
      if (isArray(value)) return value.map((item, at) => copy(item, { key: at, up: place }));
      const made = { __proto__: null };
      for (const key of keysOf(value)) made[key] = copy(value[key], { key, up: place });
      return made;
    };
    const written = { __proto__: null };
    for (const key of names ?? keysOf(root)) {
      const value = root[key];
      if (isSimple(value)) {
        written[key] = value;
      } else if (value === undefined) {
        unset.push(key);
        written[key] = null;
      } else {
        const place = { key, up: null };
        needsCopy = false;
        describe(value, place);
        written[key] = needsCopy ? copy(value, place) : value;
      }
    }
    if (names) return [stringify(special), stringify(declared).slice(1, -1), ...names.map((name) => stringify(written[name]))];
    return '[' + stringify(written) + ',' + stringify(special) + ',' + stringify(unset) + ',' + stringify(declared) + ']';
  };
  const declaredAt = (value) => declaredIndex.get(apply(functionText, value, [])) ?? -1;
  // A function that came up in a script is made again from its text. It sees the names of the session; what it had
  // captured from a function around it is lost.
  const maker = (text) => {
    const attempt = (body, strict) =>
      new Function('__scope__', 'with(__scope__){return (function(){' + strict + 'return (' + body + '\n)}).call(__scope__)}');
    const method = (make) => (scope) => { const holder = make(scope); return holder[ownKeys(holder)[0]]; };
    const attempts = [
      () => attempt(text, "'use strict';"), () => method(attempt('{' + text + '}', "'use strict';")), () => attempt(text, ''),
    ];
    for (const make of attempts) {
      try { return make(); } catch (error) { if (!(error instanceof SyntaxError)) throw error; }
    }
    throw new TypeError('a function cannot be made again: ' + text);
  };
  // A function without name has the name of the place that it was first put into.
  const named = (made, name) => {
    if (made.name !== name) defineProperty(made, 'name', { value: name, configurable: true });
    return made;
  };
  const declaredFunction = (scope, at, place) => {
    const made = (declaredMakers[at] ??= maker(declaredTexts[at]))(scope);
    return made.name === '' ? named(made, place) : made;
  };
  const errors = new Map([EvalError, RangeError, ReferenceError, SyntaxError, TypeError, URIError].map((made) => [made.name, made]));
  // `known` becomes the functions of the chart's scripts, then their numbers.
  const unpack = (text, scopeOfFunctions, known) => {
    const [root, special, unset, declared] = parse(text);
    const scope = scopeOfFunctions ?? setPrototypeOf(root, system);
    if (scope === root) enter(scope);
    for (const name of unset) root[name] = undefined;
    for (let at = 0; at < declared.length; at += 2) {
      const made = declaredFunction(scope, declared[at + 1], declared[at]);
      root[declared[at]] = made;
      if (known) known.push(made);
    }
    if (known) for (let at = 1; at < declared.length; at += 2) known.push(declared[at]);
    if (special.length === 0) return root;
    const place = (path, value) => {
      let owner = root;
      for (let at = 0; at < path.length - 1; at += 1) owner = owner[path[at]];
      const last = path[path.length - 1];
      if (typeof owner === 'function' && last === 'prototype') { owner.prototype = value; return; }
      defineProperty(owner, last, { value, writable: true, enumerable: true, configurable: true });
    };
    const at = (from, path) => { let found = from; for (const key of path) found = found[key]; return found; };
    const later = [];
    const collections = [];
    const shared = [];
    for (const [path, kind, first, second, third] of special) {
      switch (kind) {
        case 'value': place(path, first); break;
        case 'undefined': place(path, undefined); break;
        case 'number': place(path, Number(first)); break;
        case 'bigint': place(path, BigInt(first)); break;
        case 'declared': place(path, declaredFunction(scope, first, String(path[path.length - 1]))); break;
        case 'function': place(path, named(maker(first)(scope), second)); break;
        case 'global': place(path, global[first]); break;
        case 'counted': for (const [made, name] of counted) if (name === first) place(path, made); break;
        // No number is the time of a date that is none.
        case 'date': place(path, new RealDate(first ?? NaN)); break;
        case 'regexp': {
          const made = new RegExp(first, second);
          if (third) made.lastIndex = third;
          place(path, made);
          break;
        }
        case 'map': case 'set': {
          // Version 1 began with a text of its own for what they hold.
          const entries = first === undefined ? [] : unpack(first, scope).entries;
          const made = kind === 'map' ? new Map(entries) : new Set(entries);
          if (first === undefined) collections.push([path, made]);
          else place(path, made);
          break;
        }
        case 'error': {
          const made = new (errors.get(first) ?? Error)(second);
          if (made.name !== first) defineProperty(made, 'name', { value: first, writable: true, configurable: true });
          place(path, made);
          break;
        }
        case 'markup': place(path, markup(first)); break;
        case 'shared': shared.push([path, first, second]); break;
        case 'constant': place(path, at(constants, first)); break;
        case 'system': place(path, system[first]); break;
        default: later.push([path, kind, first]);
      }
    }
    const standIns = new Map(collections.map(([path, made]) => [at(root, path), made]));
    for (const layer of shared) {
      const own = at(root, layer[0]);
      standIns.set(own, (layer[1] = layered(own, layer[1], layer[2])));
    }
    for (const [path, kind, first] of later) {
      if (kind !== 'same') continue;
      const found = at(root, first);
      place(path, standIns.get(found) ?? found);
    }
    for (const [path, kind, first] of later) {
      if (kind === 'instance') setPrototypeOf(at(root, path), scope[first].prototype);
      else if (kind === 'bare') setPrototypeOf(at(root, path), null);
    }
    for (const [path, made] of shared) place(path, made);
    // What is inside comes first.
    for (const [path, made] of collections.reverse()) {
      for (const entry of at(root, path)) if (made instanceof Map) made.set(entry[0], entry[1]); else made.add(entry);
      place(path, made);
    }
    return root;
  };
  return [enter, forgetEvent, create, declare, assignName, list, pack, (text) => { const known = []; return [unpack(text, undefined, known), known]; }, markup, revive, declaredAt, objectPrototype, arrayPrototype, Map.prototype, Set.prototype, assignShared, layerOf];
})

'use strict';
// XState on the same machine. It reads no SCXML: guards and assignments are native functions.
const { assign, createActor, raise, setup, stateIn } = require('xstate');
const { run } = require('./measure.js');

const machine = setup({}).createMachine({
  id: 'switchboard',
  context: { calls: 0, done: 0 },
  type: 'parallel',
  states: {
    line: {
      initial: 'idle',
      states: {
        idle: {
          id: 'idle',
          on: {
            call: {
              guard: ({ context }) => context.calls - context.done < 1,
              target: 'ringing',
              actions: [assign({ calls: ({ context }) => context.calls + 1 }), raise({ type: 'rang' })],
            },
          },
        },
        ringing: { on: { answer: 'talk' } },
        talk: {
          initial: 'speaking',
          on: { hangup: { target: 'idle', actions: raise({ type: 'freed' }) } },
          states: {
            speaking: { on: { hold: { guard: ({ event }) => event.data.seconds < 60, target: 'held' } } },
            held: { on: { resume: 'speaking' } },
          },
        },
      },
    },
    agent: {
      initial: 'ready',
      states: {
        ready: { on: { rang: 'busy' } },
        busy: {
          on: {
            freed: {
              guard: stateIn('#idle'),
              target: 'ready',
              actions: assign({ done: ({ context }) => context.done + 1 }),
            },
          },
        },
      },
    },
    lamp: {
      initial: 'dark',
      states: {
        dark: { on: { freed: { guard: ({ context }) => context.calls % 2 === 1, target: 'lit' } } },
        lit: { on: { freed: { guard: ({ context }) => context.calls % 2 === 0, target: 'dark' } } },
      },
    },
  },
});

const atomic = (value) =>
  Object.entries(value).flatMap(([name, inner]) =>
    typeof inner === 'string' ? [inner] : Object.keys(inner).length ? atomic(inner) : [name],
  );

run({
  create: () => createActor(machine).start(),
  send: (session, event) => session.send({ type: event.name, data: event.data }),
  active: (session) => atomic(session.getSnapshot().value),
});

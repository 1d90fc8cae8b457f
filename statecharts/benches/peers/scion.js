'use strict';
// SCION on the same chart, each session with a script context of its own.
const fs = require('fs');
const path = require('path');
const scxml = require('@scion-scxml/scxml');
const { run } = require('./measure.js');

const file = path.join(__dirname, '..', 'switchboard.scxml');
const text = fs.readFileSync(file, 'utf8');

scxml.documentStringToModel(file, text, (error, model) => {
  if (error) throw error;
  const isolated = () =>
    new Promise((resolve, reject) => {
      model.prepare((problem, prepared) => (problem ? reject(problem) : resolve(prepared)));
    });
  run({
    async create() {
      const session = new scxml.core.Statechart(await isolated());
      session.start();
      return session;
    },
    send: (session, event) => session.gen({ name: event.name, data: event.data }),
    active: (session) => session.getConfiguration(),
  });
});

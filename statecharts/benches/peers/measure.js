'use strict';
// What every peer is asked, and how it answers: one line of JSON.
//   node <peer>.js check            the configurations of two turns, to be compared with ours
//   node <peer>.js events <turns>   CPU seconds for so many turns of five events in one session
//   node <peer>.js start <count>    CPU seconds for so many sessions
//   node --expose-gc <peer>.js memory <count>   bytes of the process for each session that is held

const TURN = [
  { name: 'call', data: {} },
  { name: 'answer', data: {} },
  { name: 'hold', data: { seconds: 5 } },
  { name: 'resume', data: {} },
  { name: 'hangup', data: {} },
];

const cpuSeconds = (since) => {
  const used = process.cpuUsage(since);
  return (used.user + used.system) / 1e6;
};

const resident = () => {
  for (let round = 0; round < 4; round += 1) global.gc();
  return process.memoryUsage().rss;
};

// `peer`: create() makes a started session, or the promise of one; send(session, event); active(session) are the ids of the active atomic states.
exports.run = async (peer) => {
  const [what, given] = process.argv.slice(2);
  const count = Number(given);
  const turns = (session, number) => {
    for (let turn = 0; turn < number; turn += 1) for (const event of TURN) peer.send(session, event);
  };
  const answer = (value) => console.log(JSON.stringify(value));
  if (what === 'check') {
    const session = await peer.create();
    const seen = [peer.active(session)];
    for (const event of [...TURN, ...TURN]) {
      peer.send(session, event);
      seen.push(peer.active(session));
    }
    answer(seen.map((ids) => [...ids].sort()));
  } else if (what === 'events') {
    const session = await peer.create();
    turns(session, 20000);
    const begin = process.cpuUsage();
    turns(session, count);
    answer({ count: count * TURN.length, cpu_seconds: cpuSeconds(begin) });
  } else if (what === 'start') {
    for (let warm = 0; warm < 50; warm += 1) await peer.create();
    const begin = process.cpuUsage();
    for (let made = 0; made < count; made += 1) await peer.create();
    answer({ count, cpu_seconds: cpuSeconds(begin) });
  } else if (what === 'memory') {
    const held = [await peer.create()];
    const before = resident();
    for (let made = 0; made < count; made += 1) held.push(await peer.create());
    answer({ count, bytes: resident() - before, held: held.length });
  } else {
    throw new Error(`unknown measurement ${what}`);
  }
};

//! One seed from start to end: lives of the engine, one after another, on the same disk.

use std::sync::Arc;
use std::time::Duration;

use engine::configuration::Configuration;
use engine::{Engine, Settings};
use serde_json::Map;
use vocabulary::Timestamp;

use crate::configuration::{Service, configuration};
use crate::disk::{Sabotage, WatchedStore};
use crate::invariants;
use crate::outside::{Outside, WatchedDials, line};
use crate::workload::{self, Action, Workload};
use crate::world::{Trouble, World};

/// Longest time that anything takes which is under way. Virtual: it passes at once when nothing else can happen.
const PATIENCE: Duration = Duration::from_secs(86_400);
/// Engine time after which everything must have come to its end: the latest desired time, the life time, the sweep.
const END: Duration = Duration::from_secs(1200 + 3600 + 120);
/// Engine time that messages, children and conversations have after the last callback completed.
const AFTERMATH: Duration = Duration::from_secs(700);

/// What is to be simulated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Plan {
    pub(crate) seed: u64,
    pub(crate) trouble: Trouble,
    pub(crate) sabotage: Sabotage,
    /// The one callback that is all there is to do, if so.
    pub(crate) only: Option<Service>,
    /// Whether every line of the trace is written as it happens.
    pub(crate) is_told: bool,
    /// Whether the run stops when its workload is through: enough for a look at what was broken by then.
    pub(crate) ends_early: bool,
}

impl Plan {
    /// What a seed stands for.
    pub(crate) fn of(seed: u64) -> Self {
        Self {
            seed,
            trouble: Trouble::by_seed(seed),
            sabotage: Sabotage::None,
            only: None,
            is_told: false,
            ends_early: false,
        }
    }
}

/// How one life of the engine ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    /// The process died, or was stopped and is started anew.
    Again,
    /// Everything is done.
    Done,
}

struct Run {
    plan: Plan,
    configuration: Arc<Configuration>,
    world: World,
    workload: Workload,
    steps: u64,
    lives: u64,
}

/// Simulates; what was seen is in the world that comes back.
pub(crate) fn simulate(plan: Plan) -> World {
    let world = World::new(plan.seed, plan.trouble, plan.is_told);
    let mut workload = Workload::new(plan.seed, plan.only);
    let steps = workload.steps();
    let configuration = configuration(plan.seed);
    let mut run = Run { plan, configuration, world: world.clone(), workload, steps, lives: 0 };
    while run.life() == End::Again && world.violations().is_empty() {}
    world
}

impl Run {
    /// One process: its own runtime, dropped with everything in it.
    fn life(&mut self) -> End {
        self.lives += 1;
        self.world.boot();
        self.world.say(format!("life {}", self.lives));
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
        let runtime = runtime.unwrap_or_else(|error| panic!("a runtime was expected: {error}"));
        let local = tokio::task::LocalSet::new();
        let world = self.world.clone();
        let end = local.block_on(&runtime, async {
            tokio::select! {
                biased;
                () = world.death() => End::Again,
                end = self.live() => end,
            }
        });
        let down = self.world.outside(|dice| dice.within_secs(60));
        self.world.wait(down);
        drop(local);
        end
    }

    async fn live(&mut self) -> End {
        let world = self.world.clone();
        let Some(engine) = self.start().await else { return End::Again };
        if let Some(simulator) = engine.simulator() {
            workload::move_in(&simulator, &world);
        }
        self.look_at_places(&engine).await;
        self.workload.carry_out(&engine, &world, workload::at_work().collect()).await;
        while self.steps > 0 {
            self.steps -= 1;
            if self.workload.wants_restart() && !world.is_calm() {
                world.say("the process is stopped");
                engine.drain(PATIENCE).await;
                return End::Again;
            }
            let actions = self.workload.step(&world);
            self.workload.carry_out(&engine, &world, actions).await;
            let pause = self.workload.pause();
            self.advance(&engine, pause).await;
            if !self.look(&engine) {
                return End::Done;
            }
        }
        if self.plan.ends_early {
            return End::Done;
        }
        self.finish(&engine).await;
        End::Done
    }

    async fn start(&self) -> Option<Engine> {
        let world = &self.world;
        let settings = Settings {
            configuration: Arc::clone(&self.configuration),
            store: Arc::new(WatchedStore::new(world.clone(), self.plan.sabotage)),
            egress: Arc::new(Outside::new(world.clone())),
            dial_log: Box::new(WatchedDials::new(world.clone())),
            now: world.now(),
            base_url: "http://127.0.0.1:8080/genesys".to_owned(),
            arbiters: 0,
            // Ids must differ from those of the lives before.
            seed: Some(self.plan.seed.wrapping_mul(1_000).wrapping_add(self.lives)),
        };
        match Engine::start_disturbed(settings, line(world.clone())).await {
            Ok(engine) => {
                world.follow(&engine);
                self.rest(&engine).await;
                Some(engine)
            }
            Err(error) => {
                world.say(format!("the engine does not start: {error}"));
                if !world.is_dead() && world.trouble().failing_disk == 0 {
                    world.violate(format!("the engine starts: {error}"));
                }
                None
            }
        }
    }

    /// Everybody calms down; what is open comes to its end.
    async fn finish(&mut self, engine: &Engine) {
        let world = self.world.clone();
        world.say("calm");
        world.calm_down();
        let actions = self.workload.calm();
        self.workload.carry_out(engine, &world, actions).await;
        let end = engine.now() + END;
        while engine.now() < end && !world.history(|history| history.open()).is_empty() {
            self.advance(engine, Duration::from_secs(60)).await;
            if !self.look(engine) {
                return;
            }
        }
        self.advance(engine, AFTERMATH).await;
        let store = world.store();
        let broken = world.history(|history| invariants::at_the_end(engine, &store, history));
        let stuck = invariants::stuck(engine, world.lost_messages() == 0);
        for what in broken.into_iter().flatten().chain(stuck) {
            world.violate(what);
        }
    }

    /// Lets time pass; replies of plugins arrive at their time.
    async fn advance(&mut self, engine: &Engine, by: Duration) {
        let world = self.world.clone();
        self.rest(engine).await;
        let target = engine.now() + by;
        loop {
            let next = world.next_reply().map_or(target, |due| due.min(target));
            self.pass(engine, next).await;
            let mut replies = Vec::new();
            while let Some(reply) = world.arrived_reply() {
                replies.push(Action::Reply(reply));
            }
            self.workload.carry_out(engine, &world, replies).await;
            self.rest(engine).await;
            if engine.now() >= target {
                return;
            }
        }
    }

    async fn pass(&self, engine: &Engine, until: Timestamp) {
        let Some(simulator) = engine.simulator() else { return };
        let by = until.since(engine.now());
        match tokio::time::timeout(PATIENCE, simulator.advance(by)).await {
            Ok(Ok(())) => {}
            Ok(Err(problem)) => self.world.violate(format!("simulation: {problem}")),
            Err(_elapsed) => self.world.violate("the engine comes to rest: something is under way for ever"),
        }
    }

    async fn rest(&self, engine: &Engine) {
        if tokio::time::timeout(PATIENCE, engine.rest()).await.is_err() {
            self.world.violate("the engine comes to rest: something is under way for ever");
        }
    }

    /// After a restart, before agents come to work: every place in the queue is what it was on the disk.
    async fn look_at_places(&self, engine: &Engine) {
        for place in invariants::places(&self.world.store()) {
            let response = engine.message(place.callback.as_str(), "check-queue-position", Map::new()).await;
            let shown = response.ok().and_then(|response| response.body["_position"].as_u64());
            self.world
                .say(format!("place of {}: {} on the disk, {shown:?} shown", place.callback, place.position));
            if shown.is_some_and(|shown| shown != place.position) {
                self.world
                    .violate(format!("place in the queue: {place:?} is shown as {shown:?} after a restart"));
            }
        }
    }

    /// Looks at the whole; whether all is well.
    fn look(&self, engine: &Engine) -> bool {
        let world = &self.world;
        let store = world.store();
        let broken = world.history(|history| invariants::at_rest(engine, &store, history));
        for what in broken.into_iter().flatten() {
            world.violate(what);
        }
        world.violations().is_empty()
    }
}

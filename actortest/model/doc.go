// Package model checks the runtime against a model of it: random programs of
// actors are played under the simulator and on real workers, and what has
// happened is compared with what may.
//
// A [Program] is data: roles, scripts, rounds. [Generate] makes one of a seed,
// [Program.Table] prints it, [Shrink] makes a failing one small. [Play] carries it
// out on a System and returns a [History]: what each actor has noted, by itself,
// in its own record. [Reference] carries it out on nothing: mailboxes, lifecycle,
// supervision, groups and timers in the dumbest way that there is, one callback
// after another.
//
// Two things are asked of a history:
//
//   - [Check]: the rules that hold in every execution. From one actor to another
//     messages come in order; what was accepted is handled or a dead letter, once;
//     callbacks come in their order and one at a time; ends are told as they were,
//     and Downs after the last message; joins and leaves alternate; timers are
//     never early; the numbers add up.
//   - [Compare]: a program without races has one outcome, whatever the order of
//     its events is, and that is the reference's.
//
// The reference's own histories pass Check too, so that neither is wrong alone.
//
// A failing program is printed with its seed, made small first. To play more of
// them, or for longer:
//
//	go test ./actortest/model -run Simulated -model.sims 10000 -model.seeds 9
//	go test ./actortest/model -race -run OnWorkers -model.for 10m
//	go test ./actortest/model -model.first 417 -model.sims 1
//
// What it does not see: which of the messages that were discarded in a race could
// have been handled; what real workers do between two callbacks, unless the race
// detector looks; in simulations, what lies between two choice points; and what no
// script says: names that are claimed while their owner ends, PreStart that sends,
// abandoned callbacks, adapted and named Refs, back-off and intensity in time,
// SpawnInstant, Bind, supervisors that change while they run.
//
// Some things have no order, and so are in the programs with races only, under
// Check: whether somebody who is suspended, or drains, is asked before or after
// others end; a drain that meets a suspension; in which order the kids of a dynamic
// supervisor end with it; what a root that watches others is told while its own
// tree is being stopped; bounds, and what is stashed among what others send.
package model

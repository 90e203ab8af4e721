// Package rpc asks actors and waits for the answer.
//
// A request is an ordinary message that carries a [Reply]: ask builds it, the
// handler calls Send once, from wherever it likes. [Call] waits for that, [Multi]
// for the answers of many; [Then] continues inside the asking actor instead of
// waiting, and [Forward] sends the answer on to a third one.
//
//	total, err := rpc.Call(ctx, ref, func(r rpc.Reply[int]) add { return add{n: 1, total: r} })
//
// # Who ends a call
//
// The deadline is ctx's, and nothing else's. The actor that has got the request
// answers for it (the duty) until
//
//   - it replies, with Send or Fail;
//   - it ends, or the request is discarded unhandled: the caller gets
//     [ErrNoReply] at once, unless a reply came before;
//   - it hands the duty on, with [Give];
//   - it declares with Detach that from now on only Send, Fail and the caller's
//     ctx end the call.
//
// A handler may return and keep the Reply: the duty stays with its actor. When
// the caller has given up, a request that is still queued is not handled any
// more; it becomes a dead letter, actor.ErrExpired.
//
// # Inside handlers
//
// Call inside a handler hands the worker on to others while it waits, whatever
// ctx it was given, so no number of waiting handlers stops the rest (up to
// sched.Config.MaxWaiters). A cycle of such calls is a deadlock that only ctx
// ends, and that [Debug] finds; [Then] has no such problem. Calling oneself is [ErrSelfCall], and so is
// calling, in PreStart, the actor whose handler spawns. A goroutine that a
// handler has started is outside and may call whom it likes.
//
// # Finding mistakes
//
// [Debug] is for tests, and for a System that hangs: a call that would close a
// cycle is [ErrCallCycle], with the names of who waits for whom, and a request
// that was handled but never answered is logged with the type of its message.
//
// # What it costs
//
// Ports for replies are pooled: a call from outside that is answered allocates
// nothing. A Reply knows which call it belongs to, so a copy that is kept and
// used again reaches nobody. A call that is given up, or refused, costs its port,
// two objects; Give and Forward cost one object, Multi its result.
//
// # Coming from ractor
//
//   - cast is Ref.Cast (row C1), call and call_t are [Call] with a context that has
//     a deadline or none (C2, C4). There are no macros (C6, C9), for there is one
//     error: not sent, no answer, too late and the callee's own word are told apart
//     by errors.Is. So there is no CallResult with its combinators either (C3).
//   - A port that is dropped is no SenderError: nobody drops anything, it is the
//     callee's end that counts, or the request's (C3).
//   - The callee is not told how long its caller waits, but [Reply.Abandoned] says
//     whether it still does, and Send to one that does not is no error (C4). A
//     Reply may be used twice; the first time counts (C5).
//   - multi_call is [Multi]: one deadline for all, and a send that fails is one
//     entry's error, not everybody's (C7).
//   - call_and_forward is [Forward]. Instead of a handle to wait for, what goes
//     wrong later is a dead letter; the mapping is actor.Adapt's (C8, C9).
//   - Deadlocks are found: of an actor with itself always, of several with [Debug]
//     (C10). [Then], [Give] and Detach have no counterpart there.
package rpc

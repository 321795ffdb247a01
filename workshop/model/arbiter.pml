/* Clients, an arbiter and workers, each of which runs the generated table; in every interleaving.

   Each client makes CALLS calls, one at a time, all under one request id: so nothing but the table
   tells the frames of one from those of the next. Beside the frames, `tag` says which call a frame
   belongs to; no peer may look at it, the assertions do. A connection that a client made anew has
   another `epoch`: what was sent on the old one does not arrive on the new one.

   Whatever may happen may happen at any moment: CANCEL, a deadline, a client that closes, the death
   of a worker, and of the arbiter. With PATIENT nobody gives up, so that a call must end by itself.
   With ONE_LANE the two workers are two exchanges on the lane of one: each has a request id of its
   own there, so that what comes of one is in order, and one death ends both.
   Each name that begins with BUG brings back one error. */

#include "_generated/exchanges.pml"

#ifndef CLIENTS
#define CLIENTS 2
#endif
#ifndef WORKERS
#define WORKERS 2
#endif
#ifndef CALLS
#define CALLS 2
#endif
#ifndef CHUNKS
#define CHUNKS 1
#endif
#ifndef DEATHS
#define DEATHS 1
#endif

#define NOBODY CLIENTS
#define TAGS (CLIENTS * CALLS)
#define is_last(message) (message == RESPONSE || message == END || message == ERROR)

mtype = { CLOSE };

/* Frames: the message, the tag, and between client and arbiter the connection's epoch. */
chan to_arbiter[CLIENTS] = [3] of { mtype, byte, byte };
chan to_client[CLIENTS] = [4] of { mtype, byte, byte };
chan to_worker[WORKERS] = [2] of { mtype, byte };
chan from_worker[WORKERS] = [3] of { mtype, byte };

/* What the arbiter knows of each client's connection and call, and of each lane. */
byte epoch[CLIENTS];
mtype called[CLIENTS] = state_idle;
byte tag_of[CLIENTS];
bool waits[CLIENTS];
mtype lane[WORKERS] = state_idle;
byte runs_for[WORKERS] = NOBODY;

/* What only the assertions look at. */
byte begun[TAGS];
bool given_up[TAGS];
bool executing[WORKERS];
bool is_dead[WORKERS];
bool arbiter_is_dead;
byte clients_done;
byte deaths;

/* --- arbiter --- */

inline forget() {
  w = 0; c = 0; tag = 0; at = 0; message = 0; outcome = 0
}

inline answer(what) {
  exchange(called[c], from_answerer, what, outcome);
  assert(outcome == deliver || outcome == discard);
  to_client[c]!what, tag_of[c], epoch[c]
}

inline hand_out() {
  assert(lane[w] == state_idle);
  /* A lane is never handed out before it is free. */
  assert(!executing[w] && empty(from_worker[w]));
  exchange(lane[w], from_opener, REQUEST, outcome);
  assert(outcome == deliver);
  waits[c] = false;
  runs_for[w] = c;
  to_worker[w]!REQUEST, tag_of[c];
}

/* Nobody waits for the call any more: one that waits never begins, the lane of one that runs stays
   taken until its last frame. */
inline give_up() {
  given_up[tag_of[c]] = true;
#ifndef BUG_A_CANCELLED_CALL_STAYS_QUEUED
  waits[c] = false;
#endif
  w = 0;
  do
  :: w < WORKERS && runs_for[w] == c -> break
  :: w < WORKERS && runs_for[w] != c -> w++
  :: w == WORKERS -> break
  od;
  if
  :: w < WORKERS ->
#ifndef BUG_FRAMES_GO_ON_AFTER_GIVING_UP
     runs_for[w] = NOBODY;
     exchange(lane[w], from_opener, CANCEL, outcome);
     assert(outcome == deliver);
#endif
     if
     :: !is_dead[w] -> to_worker[w]!CANCEL, tag_of[c]
     :: else
     fi;
#ifdef BUG_THE_LANE_IS_FREE_AT_CANCEL
     lane[w] = state_idle
#endif
  :: else
  fi
}

inline hear_client() {
  to_arbiter[c]?message, tag, at;
  if
  :: message == CLOSE ->
     epoch[c] = at + 1;
     if
     :: called[c] != state_idle ->
#ifdef BUG_A_CLIENT_THAT_CLOSED_IS_NOT_GIVEN_UP
        given_up[tag_of[c]] = true
#else
        give_up();
        called[c] = state_idle
#endif
     :: else
     fi
  :: else ->
     exchange(called[c], from_opener, message, outcome);
     if
     :: message == REQUEST ->
        assert(outcome == deliver);
        tag_of[c] = tag;
        waits[c] = true
     :: message == CANCEL && outcome == deliver -> give_up(); answer(ERROR)
     :: message == CANCEL && outcome != deliver -> assert(outcome == discard)
     fi
  fi
}

inline hear_worker() {
  from_worker[w]?message, tag;
  exchange(lane[w], from_answerer, message, outcome);
  assert(outcome == deliver || outcome == discard);
  c = runs_for[w];
  if
  :: lane[w] == state_idle -> runs_for[w] = NOBODY
  :: else
  fi;
  if
  :: outcome == deliver && c != NOBODY -> answer(message)
  :: else
  fi
}

/* Its death is noticed by the process, so that what it sent may be lost. Another takes its lane. */
inline bury() {
  do
  :: nempty(from_worker[w]) -> from_worker[w]?_, _
  :: nempty(to_worker[w]) -> to_worker[w]?_, _
  :: empty(from_worker[w]) && empty(to_worker[w]) -> break
  od;
  lane[w] = state_idle;
  executing[w] = false;
  is_dead[w] = false;
  c = runs_for[w];
  runs_for[w] = NOBODY;
  if
  :: c != NOBODY ->
#ifdef BUG_A_CALL_IS_BEGUN_AGAIN_AFTER_A_DEATH
     waits[c] = true
#elif defined(BUG_A_DEATH_IS_NOT_ANSWERED)
     skip
#else
     answer(ERROR)
#endif
  :: else
  fi
}

#define is_called(c) (called[c] == state_calling || called[c] == state_streaming)
#define is_free(w) (lane[w] == state_idle && !is_dead[w])
#if CLIENTS > 1
#define some_client(holds) if :: holds(0) -> c = 0 :: holds(1) -> c = 1 fi
#else
#define some_client(holds) holds(0) -> c = 0
#endif
#if WORKERS > 1
#define some_worker(holds) if :: holds(0) -> w = 0 :: holds(1) -> w = 1 fi
#else
#define some_worker(holds) holds(0) -> w = 0
#endif
#if CLIENTS > 1
#define somebody_waits (waits[0] || waits[1])
#else
#define somebody_waits waits[0]
#endif
#if WORKERS > 1
#define some_lane_is_free (is_free(0) || is_free(1))
#else
#define some_lane_is_free is_free(0)
#endif
#define client_sent(c) nempty(to_arbiter[c])
#define worker_sent(w) (!is_dead[w] && nempty(from_worker[w]))
#define client_waits(c) waits[c]
#ifdef ONE_LANE
#define worker_died(w) (is_dead[w] && !executing[w])
#else
#define worker_died(w) is_dead[w]
#endif

active proctype arbiter() {
  byte w, c, tag, at;
  mtype message, outcome;
end:
  do
  :: atomic { some_client(client_sent); hear_client(); forget() }
  :: atomic { some_worker(worker_sent); hear_worker(); forget() }
  :: atomic { some_worker(worker_died); bury(); forget() }
#ifndef PATIENT
  :: atomic { some_client(is_called); give_up(); answer(ERROR); forget() }
#endif
#ifndef BUG_A_FREE_LANE_DOES_NOT_PULL
  :: atomic { somebody_waits && some_lane_is_free ->
       some_client(client_waits); some_worker(is_free); hand_out(); forget() }
#endif
#ifdef ARBITER_DIES
  :: atomic { clients_done < CLIENTS -> arbiter_is_dead = true; break }
#endif
  od
}

/* --- workers --- */

inline send(what) {
  exchange(state, from_answerer, what, outcome);
  assert(outcome == deliver || outcome == discard);
  if
  :: state == state_idle -> executing[me] = false
  :: else
  fi;
  from_worker[me]!what, tag
}

active [WORKERS] proctype worker() {
  byte me = _pid - 1;
  mtype state = state_idle, outcome;
  mtype message;
  byte tag, other, chunks;
  bool cancelled;
end:
  do
  /* A frame for it; a CANCEL that comes too late is discarded. */
  :: atomic {
       !is_dead[me] && nempty(to_worker[me]) && (state == state_idle || to_worker[me]?[CANCEL, _]) ->
       to_worker[me]?message, other;
       exchange(state, from_opener, message, outcome);
       if
       :: message == REQUEST ->
          assert(outcome == deliver);
          tag = other; chunks = 0;
#ifndef BUG_A_LATE_CANCEL_MEETS_THE_NEXT_CALL
          cancelled = false;
#endif
          executing[me] = true;
          begun[tag]++;
          /* What was begun is never begun again; what was given up while it waited never begins. */
          assert(begun[tag] == 1)
       :: message == CANCEL && outcome == deliver -> cancelled = true
       :: message == CANCEL && outcome == discard ->
#ifdef BUG_A_LATE_CANCEL_MEETS_THE_NEXT_CALL
          cancelled = true
#else
          skip
#endif
       fi;
       message = 0; other = 0; outcome = 0
     }
  /* It answers with a RESPONSE, or with some CHUNKs and END, or fails at any time. */
  :: atomic {
       !is_dead[me] && state != state_idle && nfull(from_worker[me]) ->
       if
       :: chunks == 0 -> message = RESPONSE
       :: chunks < CHUNKS -> message = CHUNK; chunks++
       :: chunks > 0 -> message = END
       :: message = ERROR
#ifdef BUG_A_RESPONSE_ENDS_A_STREAM
       :: chunks > 0 -> message = RESPONSE
#endif
       :: cancelled ->
          /* Only what was given up is ended by a CANCEL. */
          assert(given_up[tag]);
          message = ERROR
       fi;
       send(message);
       message = 0; outcome = 0
     }
  :: atomic {
       !is_dead[me] && executing[me] && deaths < DEATHS ->
       deaths++; is_dead[me] = true;
#ifdef ONE_LANE
       is_dead[1 - me] = true; executing[me] = false;
#endif
       state = state_idle; cancelled = false; chunks = 0
     }
#ifdef ONE_LANE
  /* Its lane-mate died, and it too: they are one process. */
  :: atomic {
       is_dead[me] && executing[me] ->
       executing[me] = false; state = state_idle; cancelled = false; chunks = 0
     }
#endif
  od
}

/* --- clients --- */

active [CLIENTS] proctype client() {
  byte me = _pid - 1 - WORKERS;
  mtype state = state_idle, outcome, message;
  byte number, tag, other, at, here;
  bool has_given_up;
  do
  :: number < CALLS && !arbiter_is_dead ->
     atomic {
       tag = me * CALLS + number;
       number++;
       has_given_up = false;
       exchange(state, from_opener, REQUEST, outcome);
       assert(outcome == deliver);
       if
       :: to_arbiter[me]!REQUEST, tag, here
       /* It could not be sent, so nobody answers: the client sees the end below. */
       :: arbiter_is_dead
       fi
     };
     do
     :: atomic {
          to_client[me]?message, other, at ->
          if
          :: at != here -> skip
          :: else ->
             exchange(state, from_answerer, message, outcome);
             assert(outcome == deliver || outcome == discard);
             if
             :: outcome == deliver ->
                /* Nothing is delivered to another call, and nothing to one that was given up. */
                assert(other == tag && !has_given_up)
             :: else -> skip
             fi
          fi;
          message = 0; other = 0; at = 0; outcome = 0
        };
        if
        :: state == state_idle -> break
        :: else
        fi
#ifndef PATIENT
     :: atomic {
          state != state_idle && !has_given_up && nfull(to_arbiter[me]) ->
          has_given_up = true; given_up[tag] = true;
#ifndef BUG_NOTHING_IS_DISCARDED_AFTER_CANCEL
          exchange(state, from_opener, CANCEL, outcome);
#endif
          to_arbiter[me]!CANCEL, tag, here
        }
#ifdef BUG_AN_ID_IS_USED_AGAIN_BEFORE_ITS_END
        ; if
        :: has_given_up -> state = state_idle; break
        :: else
        fi
#endif
     :: atomic {
          state != state_idle && nfull(to_arbiter[me]) ->
          to_arbiter[me]!CLOSE, tag, here;
          here++; state = state_idle
        };
        break
#endif
     :: atomic { arbiter_is_dead && empty(to_client[me]) -> state = state_idle }; break
     od
  :: number == CALLS || arbiter_is_dead -> break
  od;
  clients_done++
}

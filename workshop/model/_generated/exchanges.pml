/* @generated from spec/ (4db3d56a9a427fba) by python -m spec.codegen --write; do not edit */
/* messages */
mtype = { REQUEST, RESPONSE, ERROR, CHUNK, END, STASH, STATUS, MANAGE, CANCEL, PAUSE, RESUME };

/* states of an exchange */
mtype = { state_idle, state_calling, state_streaming, state_asking, state_abandoned };

/* who sends a frame */
mtype = { from_answerer, from_opener };

/* what becomes of a frame */
mtype = { deliver, duplicate_request_id, discard, unexpected_message };

/* Run a frame through the table: `state` becomes the next one, `outcome` what becomes
   of the frame. */
inline exchange(state, sender, message, outcome) {
  if
  :: state == state_idle && sender == from_opener && (message == REQUEST) ->
     outcome = deliver; state = state_calling
  :: state == state_idle && sender == from_opener && (message == STASH || message == STATUS || message == MANAGE) ->
     outcome = deliver; state = state_asking
  :: state == state_calling && sender == from_opener && (message == REQUEST || message == STASH || message == STATUS || message == MANAGE) ->
     outcome = duplicate_request_id; state = state_abandoned
  :: state == state_streaming && sender == from_opener && (message == REQUEST || message == STASH || message == STATUS || message == MANAGE) ->
     outcome = duplicate_request_id; state = state_abandoned
  :: state == state_asking && sender == from_opener && (message == REQUEST || message == STASH || message == STATUS || message == MANAGE) ->
     outcome = duplicate_request_id; state = state_abandoned
  :: state == state_abandoned && sender == from_opener && (message == REQUEST || message == STASH || message == STATUS || message == MANAGE) ->
     outcome = duplicate_request_id; state = state_abandoned
  :: state == state_calling && sender == from_opener && (message == CANCEL) ->
     outcome = deliver; state = state_abandoned
  :: state == state_streaming && sender == from_opener && (message == CANCEL) ->
     outcome = deliver; state = state_abandoned
  :: state == state_asking && sender == from_opener && (message == CANCEL) ->
     outcome = deliver; state = state_abandoned
  :: state == state_abandoned && sender == from_opener && (message == CANCEL) ->
     outcome = deliver; state = state_abandoned
  :: state == state_idle && sender == from_opener && (message == CANCEL || message == PAUSE || message == RESUME) ->
     outcome = discard; state = state_idle
  :: state == state_calling && sender == from_opener && (message == PAUSE || message == RESUME) ->
     outcome = deliver; state = state_calling
  :: state == state_streaming && sender == from_opener && (message == PAUSE || message == RESUME) ->
     outcome = deliver; state = state_streaming
  :: state == state_asking && sender == from_opener && (message == PAUSE || message == RESUME) ->
     outcome = discard; state = state_asking
  :: state == state_abandoned && sender == from_opener && (message == PAUSE || message == RESUME) ->
     outcome = discard; state = state_abandoned
  :: state == state_idle && sender == from_opener && (message == RESPONSE || message == ERROR || message == CHUNK || message == END) ->
     outcome = unexpected_message; state = state_idle
  :: state == state_calling && sender == from_opener && (message == RESPONSE || message == ERROR || message == CHUNK || message == END) ->
     outcome = unexpected_message; state = state_idle
  :: state == state_streaming && sender == from_opener && (message == RESPONSE || message == ERROR || message == CHUNK || message == END) ->
     outcome = unexpected_message; state = state_idle
  :: state == state_asking && sender == from_opener && (message == RESPONSE || message == ERROR || message == CHUNK || message == END) ->
     outcome = unexpected_message; state = state_idle
  :: state == state_abandoned && sender == from_opener && (message == RESPONSE || message == ERROR || message == CHUNK || message == END) ->
     outcome = unexpected_message; state = state_idle
  :: state == state_calling && sender == from_answerer && (message == RESPONSE || message == ERROR || message == END) ->
     outcome = deliver; state = state_idle
  :: state == state_calling && sender == from_answerer && (message == CHUNK) ->
     outcome = deliver; state = state_streaming
  :: state == state_streaming && sender == from_answerer && (message == CHUNK) ->
     outcome = deliver; state = state_streaming
  :: state == state_streaming && sender == from_answerer && (message == END || message == ERROR) ->
     outcome = deliver; state = state_idle
  :: state == state_streaming && sender == from_answerer && (message == RESPONSE || message == REQUEST || message == STASH || message == STATUS || message == MANAGE || message == CANCEL || message == PAUSE || message == RESUME) ->
     outcome = unexpected_message; state = state_idle
  :: state == state_asking && sender == from_answerer && (message == RESPONSE || message == ERROR) ->
     outcome = deliver; state = state_idle
  :: state == state_asking && sender == from_answerer && (message == CHUNK) ->
     outcome = unexpected_message; state = state_abandoned
  :: state == state_asking && sender == from_answerer && (message == END || message == REQUEST || message == STASH || message == STATUS || message == MANAGE || message == CANCEL || message == PAUSE || message == RESUME) ->
     outcome = unexpected_message; state = state_idle
  :: state == state_abandoned && sender == from_answerer && (message == CHUNK) ->
     outcome = discard; state = state_abandoned
  :: state == state_abandoned && sender == from_answerer && (message == RESPONSE || message == ERROR || message == END) ->
     outcome = discard; state = state_idle
  :: state == state_idle && sender == from_answerer && (message == RESPONSE || message == ERROR || message == CHUNK || message == END || message == REQUEST || message == STASH || message == STATUS || message == MANAGE || message == CANCEL || message == PAUSE || message == RESUME) ->
     outcome = unexpected_message; state = state_idle
  :: state == state_calling && sender == from_answerer && (message == REQUEST || message == STASH || message == STATUS || message == MANAGE || message == CANCEL || message == PAUSE || message == RESUME) ->
     outcome = unexpected_message; state = state_idle
  :: state == state_abandoned && sender == from_answerer && (message == REQUEST || message == STASH || message == STATUS || message == MANAGE || message == CANCEL || message == PAUSE || message == RESUME) ->
     outcome = unexpected_message; state = state_idle
  fi
}

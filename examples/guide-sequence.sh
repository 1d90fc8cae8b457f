#!/bin/sh
# The guide's sequence of requests, against the demo.
#
# Shows   how a client starts callbacks, follows, confirms, finds and cancels them.
# Start   cargo run --release -- demo        and in another terminal        examples/guide-sequence.sh
#         Another address: examples/guide-sequence.sh http://127.0.0.1:8090
# Expect  each request, and the part of its reply that matters; after a little more than a minute "Done."
set -eu
server=${1:-http://127.0.0.1:8080}
callbacks=$server/genesys/1/service/callback
device=phone-of-$$

say() { printf '\n%s\n' "$*"; }

# The text or number of a key in a JSON object that has it once.
key() { printf '%s' "$reply" | sed -n "s/.*\"$1\":\"\{0,1\}\([^\",}]*\).*/\1/p"; }

# Sends a request and keeps the reply; shows its status and the keys that are named before `--`.
ask() {
  shown=
  while [ "$1" != -- ]; do shown="$shown $1"; shift; done
  shift
  reply=$(curl -sS --noproxy '*' -w '\n%{http_code}' "$@")
  status=$(printf '%s' "$reply" | tail -n 1)
  reply=$(printf '%s' "$reply" | sed '$d')
  printf '  %s' "$status"
  for name in $shown; do printf '  %s=%s' "$name" "$(key "$name")"; done
  printf '\n'
}

# Lets engine time pass: by the demo's manual clock, or really when it runs by itself.
pass() {
  moved=$(curl -sS --noproxy '*' -o /dev/null -w '%{http_code}' -H 'Content-Type: application/json' \
    -d "{\"advance_ms\":$1000}" "$server/simulator/clock")
  [ "$moved" = 200 ] || sleep "$1"
}

say 'Start a callback: the customer is called at once (multipart, as the guide prints it).'
ask _action _ok_title -- -F _customer_number=12025550123 -F 'usr_customer_name=Ada' -F 'usr_reason=billing question' \
  "$callbacks/voice-userterm-immediate"
immediate=$(key _id)

say 'Follow it: first the customer answers and gets an agent, then they have talked.'
pass 10
ask _callback_state -- "$callbacks/voice-userterm-immediate/$immediate"
pass 25
ask _callback_state _callback_reason -- "$callbacks/voice-userterm-immediate/$immediate"

say 'Start a callback that waits for an agent and asks before it calls (JSON).'
ask _text -- -H 'Content-Type: application/json' \
  -d "{\"_customer_number\":\"12025550124\",\"_device_os\":\"comet\",\"_device_notification_id\":\"$device\"}" \
  "$callbacks/voice-userterm-delayed"
delayed=$(key _id)

say 'Ask for its place in the queue.'
ask _position _total_waiting is_snoozed -- -X POST "$server/genesys/1/service/$delayed/check-queue-position"

say 'Read the message to the device: an agent is about to be free.'
# The stream stays open; a second is enough to read what is there.
curl -sN --noproxy '*' --max-time 1 "$server/genesys/1/notification/stream/$device" | sed -n '/^data:/{s/.*"_action":"\([^"]*\)".*/  _action=\1/p;q;}'

say 'Confirm; then the customer is called and talks to an agent.'
ask _action -- -X POST "$server/genesys/1/service/$delayed/connect"
pass 32
ask _callback_state _callback_reason -- "$callbacks/voice-userterm-delayed/$delayed"

say 'Schedule a callback for later.'
later=$(($(date +%Y) + 1))-01-15T10:00:00.000Z
ask -- -H 'Content-Type: application/json' -d "{\"_customer_number\":\"12025550125\",\"_desired_time\":\"$later\"}" \
  "$callbacks/voice-userterm-scheduled"
scheduled=$(key _id)

say 'Find it by its number.'
ask _callback_state _customer_number -- "$callbacks/voice-userterm-scheduled?_customer_number=12025550125&_callback_state=SCHEDULED"

say 'Cancel it; a second time is refused.'
ask -- -X DELETE "$callbacks/voice-userterm-scheduled/$scheduled"
ask code phrase -- -X DELETE "$callbacks/voice-userterm-scheduled/$scheduled"

say 'Done.'

//! Limitador (the crate) as Kuadrant asks it: a request limiter, then a token limiter, each per
//! `authorization`; both answer with the same bare 429. Behind them a model that answers at once.

use limitador::limit::{Context, Limit};
use limitador::RateLimiter;
use serde_json::{json, Value};
use std::{collections::HashMap, env, sync::Arc, thread};
use tiny_http::{Request, Response, Server};

const REQUESTS: &str = "requests";
const TOKENS: &str = "tokens";

fn main() {
    let args: Vec<String> = env::args().skip(1).collect();
    let number = |i: usize| args[i].parse::<u64>().expect("a number");
    // The port, then limit and seconds of each limiter.
    let limits = [
        (REQUESTS, number(1), number(2)),
        (TOKENS, number(3), number(4)),
    ];
    let reserves = args[5] == "reservation";
    let limiter = Arc::new(RateLimiter::new(1000));
    for (namespace, value, seconds) in limits {
        let user = "user".try_into().expect("an expression");
        limiter.add_limit(Limit::new(namespace, value, seconds, [], [user]));
    }
    let server = Arc::new(Server::http(("127.0.0.1", number(0) as u16)).expect("a port"));
    let threads: Vec<_> = (0..8)
        .map(|_| {
            let (server, limiter) = (server.clone(), limiter.clone());
            thread::spawn(move || {
                for request in server.incoming_requests() {
                    answer(request, &limiter, reserves);
                }
            })
        })
        .collect();
    threads
        .into_iter()
        .for_each(|thread| thread.join().expect("a thread"));
}

fn answer(mut request: Request, limiter: &RateLimiter, reserves: bool) {
    let user = header(&request, "authorization");
    let context: Context = HashMap::from([("user".to_string(), user)]).into();
    let body: Value = serde_json::from_reader(request.as_reader()).unwrap_or_default();
    let usage = usage(&body);
    let cost = usage["total_tokens"].as_u64().unwrap_or(0);
    let requests = limiter.check_rate_limited_and_update(&REQUESTS.into(), &context, 1);
    if requests.expect("an answer").limited {
        return too_many(request);
    }
    let tokens = TOKENS.into();
    let reservation = if reserves {
        let held = limiter
            .reserve(&tokens, &context, cost, None)
            .expect("an answer");
        if held.limited {
            return too_many(request);
        }
        held.reservation_id
    } else if limiter
        .is_rate_limited(&tokens, &context, 1)
        .expect("an answer")
        .limited
    {
        return too_many(request);
    } else {
        None
    };
    let message = json!({ "role": "assistant", "content": "word" });
    let choices = json!([{ "index": 0, "message": message, "finish_reason": "stop" }]);
    let text = json!({ "object": "chat.completion", "choices": choices, "usage": usage });
    // Charged before the answer leaves: the next request of a caller who waits finds it charged.
    limiter
        .commit_reservation(&tokens, &context, reservation.as_ref(), cost)
        .expect("an answer");
    let kind = "content-type: application/json"
        .parse::<tiny_http::Header>()
        .expect("a header");
    let _ = request.respond(Response::from_string(text.to_string()).with_header(kind));
}

/// As many tokens as words were sent, and as may be answered.
fn usage(body: &Value) -> Value {
    let prompt = body["messages"][0]["content"]
        .as_str()
        .unwrap_or("")
        .split_whitespace()
        .count();
    let completion = body["max_tokens"].as_u64().unwrap_or(0) as usize;
    let total = prompt + completion;
    json!({ "prompt_tokens": prompt, "completion_tokens": completion, "total_tokens": total })
}

fn header(request: &Request, name: &'static str) -> String {
    let found = request
        .headers()
        .iter()
        .find(|header| header.field.equiv(name));
    found
        .map(|header| header.value.to_string())
        .unwrap_or_default()
}

fn too_many(request: Request) {
    let _ = request.respond(Response::from_string("Too Many Requests\n").with_status_code(429));
}

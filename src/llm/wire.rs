//! What goes over the wire, in types of our own: those of the client's crate turn an unknown word into an error.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::domain::plan::{NarrativePlan, PLAN_VERSION};
use crate::engine::ports::narrator::{Answer, NoAnswer};

use super::{prompt, schema};

/// Tokens an answer may take: some three times what twelve sentences and twelve omissions need.
const MOST_TOKENS: u32 = 4_096;

/// What is asked. It names no temperature and no seed: some models refuse a request that does, and the same plan twice is what
/// the cache is for.
#[derive(Debug, Serialize)]
pub(super) struct Asking<'a> {
    model: &'a str,
    messages: [Message<'a>; 2],
    response_format: Value,
    max_completion_tokens: u32,
    store: bool,
    stream: bool,
}

#[derive(Debug, Serialize)]
struct Message<'a> {
    role: &'static str,
    content: &'a str,
}

impl<'a> Asking<'a> {
    /// Everything but the second message is the same for every person.
    pub(super) fn new(model: &'a str, user: &'a str) -> Self {
        let format = json!({"name": schema::NAME, "strict": true, "schema": schema::schema()});
        Self {
            model,
            messages: [Message { role: "system", content: prompt::system() }, Message { role: "user", content: user }],
            response_format: json!({"type": "json_schema", "json_schema": format}),
            max_completion_tokens: MOST_TOKENS,
            store: false,
            // Said in so many words: with the crate's feature `byot` nobody else says it.
            stream: false,
        }
    }
}

/// What comes back. Whatever is not needed is not read, so a server may add what it likes.
#[derive(Debug, Deserialize)]
pub(super) struct Completion {
    #[serde(default)]
    error: Value,
    #[serde(default)]
    choices: Vec<Choice>,
    #[serde(default)]
    usage: Value,
}

#[derive(Debug, Deserialize)]
struct Choice {
    #[serde(default)]
    finish_reason: Option<String>,
    message: Said,
}

#[derive(Debug, Deserialize)]
struct Said {
    #[serde(default)]
    content: Option<String>,
    #[serde(default)]
    refusal: Option<String>,
}

/// What a status says about why there is no answer; `None` where there may be one.
pub(super) fn refusal(status: u16) -> Option<NoAnswer> {
    match status {
        200..=299 => None,
        300..=399 => Some(NoAnswer::Redirected),
        401 | 403 | 404 => Some(NoAnswer::Refused),
        408 | 429 | 503 | 529 => Some(NoAnswer::Busy),
        _ => Some(NoAnswer::Server),
    }
}

impl Completion {
    /// The plan, if the answer is whole.
    ///
    /// # Errors
    /// An error that came with a status of success, an answer that is not finished, and anything that is no plan.
    pub(super) fn answer(self) -> Result<Answer, NoAnswer> {
        if !self.error.is_null() {
            return Err(self.fault());
        }
        let tokens = self.tokens();
        let choice = self.choices.into_iter().next().ok_or(NoAnswer::Unreadable)?;
        let refused = choice.message.refusal.is_some_and(|words| !words.is_empty());
        if refused || choice.finish_reason.as_deref() != Some("stop") {
            return Err(NoAnswer::NotFinished);
        }
        let plan = plan(&choice.message.content.ok_or(NoAnswer::Unreadable)?).ok_or(NoAnswer::Unreadable)?;
        Ok(Answer { plan, tokens })
    }

    /// Servers put a status into the code of the error, as a number or as digits, or a word of their own.
    fn fault(&self) -> NoAnswer {
        let code = &self.error["code"];
        let status = code.as_u64().or_else(|| code.as_str()?.parse().ok());
        let status = status.and_then(|status| u16::try_from(status).ok());
        status.and_then(refusal).unwrap_or(NoAnswer::Server)
    }

    fn tokens(&self) -> Option<(u32, u32)> {
        let count = |name| self.usage[name].as_u64().and_then(|count| u32::try_from(count).ok());
        Some((count("prompt_tokens")?, count("completion_tokens")?))
    }
}

/// Reads a plan strictly: complete JSON, nothing more and nothing less than the fields of a plan, of the version we know.
fn plan(text: &str) -> Option<NarrativePlan> {
    let plan: NarrativePlan = serde_json::from_str(text).ok()?;
    // A record may also be written as a list, which is read as one and is still none.
    let written: Value = serde_json::from_str(text).ok()?;
    let same = serde_json::to_value(&plan).is_ok_and(|again| again == written);
    (same && plan.schema_version == PLAN_VERSION).then_some(plan)
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAN: &str = r#"{"schema_version":1,"tone":"plain","sentences":[],"omitted":[],"safety_ids":[]}"#;

    fn read(body: &Value) -> Result<Answer, NoAnswer> {
        serde_json::from_value::<Completion>(body.clone()).map_err(|_| NoAnswer::Unreadable)?.answer()
    }

    fn said(finish: &Value, content: &Value) -> Value {
        json!({"choices": [{"finish_reason": finish, "message": {"content": content}}]})
    }

    #[test]
    fn a_finished_answer_is_read_whatever_a_server_adds() {
        let mut body = said(&json!("stop"), &json!(PLAN));
        body["service_tier"] = json!("on_a_whim");
        body["choices"][0]["logprobs"] = json!([1, "x"]);
        body["choices"][0]["message"]["refusal"] = json!(null);
        body["error"] = json!(null);
        assert_eq!(read(&body).unwrap().tokens, None);
        body["usage"] = json!({"prompt_tokens": 7, "completion_tokens": 9, "total_tokens": "16"});
        assert_eq!(read(&body).unwrap().tokens, Some((7, 9)));
        body["usage"] = json!({"prompt_tokens": -1, "completion_tokens": 9.5});
        assert_eq!(read(&body).unwrap().tokens, None);
    }

    #[test]
    fn only_stop_is_finished() {
        for finish in [json!("length"), json!("content_filter"), json!("tool_calls"), json!("of its own"), json!(null)]
        {
            assert_eq!(read(&said(&finish, &json!(PLAN))), Err(NoAnswer::NotFinished), "{finish}");
        }
        let mut refused = said(&json!("stop"), &json!(PLAN));
        refused["choices"][0]["message"]["refusal"] = json!("I would rather not.");
        assert_eq!(read(&refused), Err(NoAnswer::NotFinished));
    }

    #[test]
    fn an_error_that_came_as_a_success_is_one() {
        let with = |code: Value| read(&json!({"error": {"message": "x", "code": code}, "choices": []}));
        assert_eq!(with(json!(401)), Err(NoAnswer::Refused));
        assert_eq!(with(json!("429")), Err(NoAnswer::Busy));
        assert_eq!(with(json!(200)), Err(NoAnswer::Server));
        assert_eq!(with(json!(-5)), Err(NoAnswer::Server));
        assert_eq!(with(json!("insufficient_quota")), Err(NoAnswer::Server));
        assert_eq!(read(&json!({"error": "out of order"})), Err(NoAnswer::Server));
    }

    #[test]
    fn what_is_no_plan_is_unreadable() {
        let texts = [
            String::new(),
            PLAN[..PLAN.len() - 1].to_owned(),
            format!("{PLAN}{PLAN}"),
            format!("```json\n{PLAN}\n```"),
            PLAN.replace("\"schema_version\":1", "\"schema_version\":2"),
            PLAN.replace("\"omitted\":[],", ""),
            PLAN.replace("\"omitted\"", "\"text\":\"You are ill.\",\"omitted\""),
            PLAN.replace("\"omitted\":[]", "\"omitted\":[],\"omitted\":[]"),
            PLAN.replace("plain", "stern"),
            "[1,\"plain\",[],[],[]]".to_owned(),
            PLAN.replace("\"omitted\":[]", "\"omitted\":[[\"E1\",\"limit\"]]"),
            "[".repeat(50_000),
        ];
        for text in texts {
            assert_eq!(read(&said(&json!("stop"), &json!(text))), Err(NoAnswer::Unreadable), "{text:.80}");
        }
        assert_eq!(read(&said(&json!("stop"), &json!(null))), Err(NoAnswer::Unreadable));
        assert_eq!(read(&json!({"choices": []})), Err(NoAnswer::Unreadable));
        assert_eq!(read(&json!({})), Err(NoAnswer::Unreadable));
    }

    #[test]
    fn a_request_asks_for_no_stream_and_no_keeping_and_differs_by_its_last_message_only() {
        let body = |user| serde_json::to_value(Asking::new("a-model", user)).unwrap();
        let (mut one, mut other) = (body("one"), body("other"));
        assert_eq!((&one["stream"], &one["store"]), (&json!(false), &json!(false)));
        assert_eq!(one["response_format"]["type"], json!("json_schema"));
        assert_eq!(one["response_format"]["json_schema"]["strict"], json!(true));
        assert_eq!(one["messages"].as_array().map(Vec::len), Some(2));
        for body in [&mut one, &mut other] {
            body["messages"][1]["content"].take();
        }
        assert_eq!(one.to_string(), other.to_string());
    }
}

//! What the engine asks of the outside. Adapters live in `store`, `providers` and `llm`; `app` plugs them in.

pub mod export;

//! What a node answers to a read: pages of one stream or of the whole log, forwards and backwards.

use super::kept::{Cluster, Kept};
use super::protocol::event_store::client as wire;
use tonic::Status;
use wire::streams::read_req::options as asked;
use wire::streams::read_resp;

type Found<'a> = Box<dyn Iterator<Item = &'a Kept> + 'a>;

/// The name of a stream.
pub(super) fn named(stream: Option<&wire::StreamIdentifier>) -> Result<String, Status> {
    let name = stream.map(|stream| stream.stream_name.to_vec()).unwrap_or_default();
    String::from_utf8(name).map_err(|_| Status::invalid_argument("a stream whose name is no text"))
}

/// The answers to a read, in their order.
pub(super) fn read(
    kept: &Cluster,
    options: &wire::streams::read_req::Options,
) -> Result<Vec<wire::streams::ReadResp>, Status> {
    let backward = options.read_direction == i32::from(asked::ReadDirection::Backwards);
    let count = match options.count_option {
        Some(asked::CountOption::Count(count)) => usize::try_from(count).unwrap_or(usize::MAX),
        Some(asked::CountOption::Subscription(_)) | None => return Err(Status::unimplemented("no subscriptions here")),
    };
    if !matches!(options.filter_option, Some(asked::FilterOption::NoFilter(_))) {
        return Err(Status::unimplemented("no filters here"));
    }
    let (all, found): (bool, Found<'_>) = match &options.stream_option {
        Some(asked::StreamOption::All(from)) => (true, of_all(kept, from.all_option.as_ref(), backward)),
        Some(asked::StreamOption::Stream(from)) => {
            let stream = named(from.stream_identifier.as_ref())?;
            let Some(there) = kept.streams.get(&stream) else {
                let missing = read_resp::StreamNotFound { stream_identifier: from.stream_identifier.clone() };
                return Ok(vec![answer(read_resp::Content::StreamNotFound(missing))]);
            };
            (false, of_stream(kept, there, from.revision_option.as_ref(), backward))
        }
        None => return Err(Status::invalid_argument("no stream")),
    };
    let mut answers: Vec<_> = found.take(count).map(|event| answer(told(event, all))).collect();
    if !all {
        // Who does not expect it passes over it.
        answers.push(answer(read_resp::Content::LastStreamPosition(answers.len() as u64)));
    }
    Ok(answers)
}

fn of_all<'a>(kept: &'a Cluster, from: Option<&asked::all_options::AllOption>, backward: bool) -> Found<'a> {
    use asked::all_options::AllOption;
    let at = match from {
        Some(AllOption::Position(position)) => position.commit_position,
        Some(AllOption::End(_)) => u64::MAX,
        Some(AllOption::Start(_)) | None => 0,
    };
    if backward {
        let behind = kept.events.partition_point(|event| event.position < at);
        Box::new(kept.events[..behind].iter().rev())
    } else {
        // With the event at the position itself.
        Box::new(kept.events[kept.events.partition_point(|event| event.position < at)..].iter())
    }
}

fn of_stream<'a>(
    kept: &'a Cluster,
    there: &'a [usize],
    from: Option<&asked::stream_options::RevisionOption>,
    backward: bool,
) -> Found<'a> {
    use asked::stream_options::RevisionOption;
    let end = there.len() as u64;
    let from = match from {
        Some(RevisionOption::Revision(revision)) => *revision,
        Some(RevisionOption::End(_)) => end - 1,
        Some(RevisionOption::Start(_)) | None => 0,
    };
    let event = move |revision: u64| &kept.events[there[usize::try_from(revision).unwrap()]];
    if backward {
        // A page that begins behind the end has the places that are not there in it.
        if from < end { Box::new((0..=from).rev().map(event)) } else { Box::new(std::iter::empty()) }
    } else {
        Box::new((from.min(end)..end).map(event))
    }
}

/// An event as it is told; by stream without its position in the whole log.
fn told(event: &Kept, all: bool) -> read_resp::Content {
    use read_resp::read_event::{Position, RecordedEvent};
    let position = if all { event.position } else { u64::MAX };
    let mut metadata = event.metadata.clone();
    metadata.insert("created".to_owned(), "17900000000000000".to_owned());
    let recorded = RecordedEvent {
        id: Some(wire::Uuid { value: Some(wire::uuid::Value::String(event.id.clone())) }),
        stream_identifier: Some(wire::StreamIdentifier { stream_name: event.stream.clone().into_bytes().into() }),
        stream_revision: event.revision,
        prepare_position: position,
        commit_position: position,
        metadata,
        custom_metadata: event.custom.clone(),
        data: event.data.clone(),
    };
    read_resp::Content::Event(read_resp::ReadEvent {
        event: Some(recorded),
        link: None,
        position: Some(if all { Position::CommitPosition(position) } else { Position::NoPosition(wire::Empty {}) }),
    })
}

const fn answer(content: read_resp::Content) -> wire::streams::ReadResp {
    wire::streams::ReadResp { content: Some(content) }
}

//! Made-up recordings for tests: a run, a ride and a swim of some seconds.

/// A field of a message: its number, its base type, its bytes.
pub(in crate::providers) type Field = (u8, u8, Vec<u8>);

/// FIT's seconds of 25 March 2024, 06:00:00 UTC: 1,711,346,400 - 631,065,600.
pub(in crate::providers) const SIX: u32 = 1_080_280_800;

pub(in crate::providers) fn u8_of(number: u8, value: u8) -> Field {
    (number, 0x02, vec![value])
}

pub(in crate::providers) fn u16_of(number: u8, value: u16) -> Field {
    (number, 0x84, value.to_le_bytes().to_vec())
}

pub(in crate::providers) fn u32_of(number: u8, value: u32) -> Field {
    (number, 0x86, value.to_le_bytes().to_vec())
}

/// A FIT file of messages, each with its definition before it.
pub(in crate::providers) fn fit_file(messages: &[(u16, Vec<Field>)]) -> Vec<u8> {
    let mut body = Vec::new();
    for (number, fields) in messages {
        body.extend([0x40, 0, 0]);
        body.extend(number.to_le_bytes());
        body.push(fields.len() as u8);
        for (field, base, bytes) in fields {
            body.extend([*field, bytes.len() as u8, *base]);
        }
        body.push(0);
        fields.iter().for_each(|(_, _, bytes)| body.extend(bytes));
    }
    sealed(&body)
}

/// Puts a header before messages and the sum behind them.
pub(in crate::providers) fn sealed(body: &[u8]) -> Vec<u8> {
    let mut file = vec![14, 0x20, 0x54, 0x08];
    file.extend((body.len() as u32).to_le_bytes());
    file.extend(b".FIT\0\0");
    file.extend(body);
    // CRC-16/ARC, bit by bit: 0xbb3d for "123456789".
    let sum = file.iter().fold(0_u16, |sum, byte| {
        (0..8).fold(sum ^ u16::from(*byte), |sum, _| if sum & 1 == 1 { sum >> 1 ^ 0xa001 } else { sum >> 1 })
    });
    file.extend(sum.to_le_bytes());
    file
}

/// A run of 20 seconds, by a device of a manufacturer (Garmin is 1, Wahoo is 32), whose clock shows UTC+02:00.
pub(in crate::providers) fn run(manufacturer: u16) -> Vec<u8> {
    let record = |second: u32, beats: u8, centimetres: u32, altitude: u16| {
        let position = [(0_u8, 620_000_000_u32), (1, 100_000_000)].map(|(n, v)| (n, 0x85, v.to_le_bytes().to_vec()));
        let mut fields = position.to_vec();
        fields.extend([u32_of(253, SIX + second), u8_of(3, beats), u32_of(5, centimetres), u16_of(2, altitude)]);
        (20, fields)
    };
    fit_file(&[
        (0, vec![(0, 0x00, vec![4]), u16_of(1, manufacturer)]),
        record(0, 120, 0, 3_000),
        // 255 is how a byte says that there is no value.
        record(10, 255, 3_000, 3_020),
        record(20, 140, 6_150, 3_015),
        (
            18,
            vec![
                u32_of(2, SIX),
                (5, 0x00, vec![1]),
                u32_of(7, 20_500),
                u32_of(8, 18_000),
                u32_of(9, 6_150),
                u16_of(11, 3),
                u8_of(16, 130),
                u8_of(17, 140),
                u16_of(22, 4),
            ],
        ),
        (34, vec![u32_of(253, SIX + 21), u32_of(5, SIX + 21 + 7_200)]),
    ])
}

/// A ride of 20 seconds in two segments.
pub(in crate::providers) const GPX: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<gpx creator="A" version="1.1" xmlns="http://www.topografix.com/GPX/1/1" xmlns:x="http://www.garmin.com/x">
 <metadata><time>2024-03-26T05:59:00Z</time><name>Secret</name></metadata>
 <trk><name>Secret place</name><type>cycling</type>
  <trkseg>
   <trkpt lat="52.0000000" lon="13.0000000"><ele>34.0</ele><time>2024-03-26T06:00:00Z</time>
    <extensions><power>180</power><x:TrackPointExtension><x:hr>101</x:hr></x:TrackPointExtension></extensions></trkpt>
   <trkpt lat="52.0010000" lon="13.0000000"><ele>38.0</ele><time>2024-03-26T06:00:05Z</time>
    <extensions><x:TrackPointExtension><x:hr>103</x:hr></x:TrackPointExtension></extensions></trkpt>
  </trkseg>
  <trkseg>
   <trkpt lat="52.1000000" lon="13.0000000"><ele>30.0</ele><time>2024-03-26T06:00:15Z</time></trkpt>
   <trkpt lat="52.1010000" lon="13.0000000"><ele>31.0</ele><time>2024-03-26T06:00:20Z</time></trkpt>
  </trkseg>
 </trk>
</gpx>"#;

/// Two laps of 60 and 30 seconds of the timer, over two minutes.
pub(in crate::providers) const TCX: &str = r#"<?xml version="1.0"?>
<TrainingCenterDatabase xmlns="http://www.garmin.com/xmlschemas/TrainingCenterDatabase/v2" xmlns:ns3="http://x">
 <Activities><Activity Sport="Biking"><Id>2024-03-28T06:00:00Z</Id>
  <Lap StartTime="2024-03-28T06:00:00Z"><TotalTimeSeconds>60.0</TotalTimeSeconds><DistanceMeters>500.5</DistanceMeters>
   <Calories>10</Calories><AverageHeartRateBpm><Value>120</Value></AverageHeartRateBpm>
   <MaximumHeartRateBpm><Value>150</Value></MaximumHeartRateBpm>
   <Track><Trackpoint><Time>2024-03-28T06:00:01Z</Time><Position><LatitudeDegrees>52.0</LatitudeDegrees>
    <LongitudeDegrees>13.0</LongitudeDegrees></Position><AltitudeMeters>40.0</AltitudeMeters>
    <DistanceMeters>1.5</DistanceMeters><HeartRateBpm><Value>130</Value></HeartRateBpm><Cadence>80</Cadence>
    <Extensions><ns3:TPX><ns3:Speed>8.5</ns3:Speed><ns3:Watts>200</ns3:Watts></ns3:TPX></Extensions></Trackpoint></Track></Lap>
  <Lap StartTime="2024-03-28T06:01:30Z"><TotalTimeSeconds>30.0</TotalTimeSeconds><DistanceMeters>250.0</DistanceMeters>
   <Calories>5</Calories><AverageHeartRateBpm><Value>150</Value></AverageHeartRateBpm>
   <MaximumHeartRateBpm><Value>145</Value></MaximumHeartRateBpm>
   <Track><Trackpoint><Time>2024-03-28T06:02:00Z</Time></Trackpoint></Track></Lap>
  <Notes>Secret</Notes></Activity></Activities></TrainingCenterDatabase>"#;

//! Reading what people really have.

use std::io::Write as _;

use super::row::Rating;
use super::*;

fn csv(text: &str) -> Input {
    read(text.as_bytes(), Format::Csv).unwrap()
}

fn reasons(input: &Input) -> Vec<(u64, &str)> {
    input
        .rejected
        .iter()
        .map(|rejection| (rejection.line, rejection.reason.as_str()))
        .collect()
}

#[test]
fn csv_with_quotes_line_breaks_and_a_byte_order_mark_is_read() {
    let text = "\u{feff}At,Text,customer,Unknown column\r\n\
                2026-01-02 10:00,\"She said \"\"no\"\",\r\nthen hung up\",c1,x\r\n\
                2026-01-01 10:00,plain,,\r\n";
    let input = csv(text);
    assert!(input.rejected.is_empty(), "{:?}", input.rejected);
    let texts: Vec<&str> = input.rows.iter().map(|row| row.text.as_str()).collect();
    assert_eq!(
        texts,
        ["plain", "She said \"no\",\r\nthen hung up"],
        "sorted by time"
    );
    assert_eq!(input.rows[1].line, 2);
    assert_eq!(
        (input.rows[0].channel.as_str(), input.rows[0].touchpoint.as_str()),
        ("other", "other.message")
    );
}

#[test]
fn lines_that_end_in_cr_alone_are_counted() {
    let input = csv("at,text\r2026-01-01,one\rsoon,two\r");
    assert_eq!(input.rows[0].line, 2);
    assert_eq!(input.rejected[0].line, 3);
}

#[test]
fn quotes_in_tsv_are_characters() {
    let input = read(
        b"at\ttext\n2026-01-01\t\"half a quote\n2026-01-02\tand \"more\"\n",
        Format::Tsv,
    )
    .unwrap();
    let texts: Vec<&str> = input.rows.iter().map(|row| row.text.as_str()).collect();
    assert_eq!(texts, ["\"half a quote", "and \"more\""]);
}

#[test]
fn json_lines_hold_strings_numbers_and_nulls() {
    let text = "{\"at\": \"2026-01-01T00:00:00Z\", \"text\": \"hi\\n😀\", \"csat\": 4, \"nps\": null, \"more\": {\"a\": 1}}\n\n\
                not json\n{\"at\": 1767225600, \"ces\": 7}\n";
    let input = read(text.as_bytes(), Format::JsonLines).unwrap();
    assert_eq!(input.rows.len(), 2);
    assert_eq!(
        input.rows[0].ratings,
        [Rating {
            scale: Scale::Csat,
            value: 4
        }]
    );
    assert_eq!(input.rows[0].text, "hi\n😀");
    assert_eq!(input.rejected[0].line, 3);
}

#[test]
fn a_bad_row_is_named_by_its_line_and_the_rest_goes_in() {
    let text = "at,text,csat,channel,language,email\n\
                2026-01-01,good,,,,\n\
                ,no time,,,,\n\
                soon,wrong time,,,,\n\
                2026-01-01,,,,,\n\
                2026-01-01,out of range,6,,,\n\
                2026-01-01,bad channel,,Telefon#1,,\n\
                2026-01-01,too few\n\
                2026-01-01,two at once,x,,english!,nobody\n\
                2026-01-01,also good,5.0,Live Chat,en-GB,ana@example.com\n";
    let input = csv(text);
    assert_eq!(input.rows.len(), 2);
    assert_eq!(input.rows[1].channel, "live_chat");
    let reasons = reasons(&input);
    let lines: Vec<u64> = reasons.iter().map(|(line, _)| *line).collect();
    assert_eq!(lines, [3, 4, 5, 6, 7, 8, 9]);
    assert_eq!(reasons[2].1, "has neither a text nor a rating");
    assert!(reasons[3].1.contains("from 1 to 5"));
    assert!(reasons[5].1.contains("has 2 fields where the header has 6"));
    assert!(
        reasons[6].1.contains("csat") && reasons[6].1.contains("language") && reasons[6].1.contains("email")
    );
}

#[test]
fn bytes_that_are_no_text_spoil_one_row_only() {
    let input = read(b"at\ttext\n2026-01-01\t\xff\xfe\n2026-01-01\tfine\n", Format::Tsv).unwrap();
    assert_eq!(input.rows.len(), 1);
    assert_eq!(reasons(&input), [(2, "is not UTF-8; convert the file")]);
}

#[test]
fn a_huge_field_is_refused_and_what_follows_is_read() {
    let huge = "x".repeat(5_000_000);
    let input = csv(&format!(
        "at,text\n2026-01-01,{huge}\n2026-01-01,{}\n",
        "ы".repeat(20_000)
    ));
    assert_eq!(input.rows.len(), 1);
    assert_eq!(
        reasons(&input),
        [(2, "text has 5000000 characters; at most 20000 fit")]
    );
}

#[test]
fn rows_without_an_id_get_one_that_stays_the_same() {
    let text = "at,text\n2026-01-01,one\n2026-01-01,two\n";
    let ids = |input: &Input| {
        input
            .rows
            .iter()
            .map(|row| row.source_id.clone())
            .collect::<Vec<_>>()
    };
    let (first, second) = (ids(&csv(text)), ids(&csv(text)));
    assert_eq!(first, second);
    assert_ne!(first[0], first[1]);
}

#[test]
fn the_format_is_known_by_extension_or_by_content() {
    let of = |name: &str, bytes: &[u8]| Format::of(Path::new(name), bytes);
    assert_eq!(of("a.CSV", b"at\ttext"), Format::Csv);
    assert_eq!(of("a.tsv.gz", b""), Format::Tsv);
    assert_eq!(of("a.ndjson", b""), Format::JsonLines);
    assert_eq!(of("export", b"\xEF\xBB\xBF {\"at\": 1}"), Format::JsonLines);
    assert_eq!(of("export", b"at\ttext\n"), Format::Tsv);
    assert_eq!(of("export", b"at,text\n"), Format::Csv);
}

#[test]
fn a_gzipped_file_is_unpacked() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("feedback.csv.gz");
    let mut packer =
        flate2::write::GzEncoder::new(fs::File::create(&path).unwrap(), flate2::Compression::fast());
    packer.write_all(b"at,text\n2026-01-01,hello\n").unwrap();
    packer.finish().unwrap();
    assert_eq!(read_file(&path).unwrap().rows[0].text, "hello");
}

#[test]
fn what_cannot_be_read_at_all_says_what_to_do() {
    let wrong = |text: &str, format| read(text.as_bytes(), format).unwrap_err().to_string();
    assert!(
        wrong("when,text\n1,2\n", Format::Csv)
            .contains("no column at: the first line must name the columns and has when, text")
    );
    assert!(wrong("at,comment\n1,2\n", Format::Csv).contains("no column text"));
    assert!(wrong(" \n", Format::Csv).contains("empty"));
    assert!(wrong("[{}]", Format::JsonLines).contains("JSON Lines"));
    let missing = read_file(Path::new("/nowhere/feedback.csv"))
        .unwrap_err()
        .to_string();
    assert!(missing.contains("/nowhere/feedback.csv"), "{missing}");
}

fn mapped(text: &str, pairs: &[&str], format: Format, id: RowId) -> Result<Vec<Row>, InputError> {
    let pairs: Vec<String> = pairs.iter().map(|pair| (*pair).to_owned()).collect();
    let mapping = Mapping::of_pairs(&pairs).unwrap();
    let mut rows = rows(Box::new(text.as_bytes()), format, mapping, id)?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        found.push(row.unwrap());
    }
    Ok(found)
}

#[test]
fn columns_are_read_as_the_mapping_names_them() {
    let pairs = ["Created At=at", "comment=text", "Likelihood=NPS"];
    let text = "created at,Comment,LIKELIHOOD,text,product\n2026-01-01,said,9,not this,App\n";
    let rows = mapped(text, &pairs, Format::Csv, RowId::Content).unwrap();
    assert_eq!((rows[0].text.as_str(), rows[0].product.as_str()), ("said", "App"));
    assert_eq!(rows[0].ratings.len(), 1);
    let json =
        "{\"Created At\": \"2026-01-01\", \"comment\": \"said\", \"likelihood\": 9, \"product\": \"App\"}\n";
    let same = mapped(json, &pairs, Format::JsonLines, RowId::Content).unwrap();
    assert_eq!(
        same[0].source_id, rows[0].source_id,
        "what it says makes the id, not how it is written"
    );
    let problem = mapped("at,text\n", &["Note=text"], Format::Csv, RowId::Content).unwrap_err();
    assert!(problem.to_string().contains("no column \"note\""), "{problem}");
    let problem = mapped("at,words\n", &["words=customer"], Format::Csv, RowId::Content).unwrap_err();
    assert!(problem.to_string().contains("no column text"), "{problem}");
}

#[test]
fn rows_that_say_the_same_are_one_or_each_its_own() {
    let text = "at,csat\n2026-01-01,5\n2026-01-01,5\n";
    let ids = |id| -> Vec<String> {
        let rows = mapped(text, &[], Format::Csv, id).unwrap();
        rows.into_iter().map(|row| row.source_id).collect()
    };
    let one = ids(RowId::Content);
    assert_eq!(one[0], one[1]);
    let each = ids(RowId::ContentAndLine);
    assert_ne!(each[0], each[1]);
    assert_eq!(each, ids(RowId::ContentAndLine), "again the same");
}

#[test]
fn a_quote_that_is_left_open_ends_the_reading_before_it_fills_the_memory() {
    let open = format!(
        "at,text\n2026-01-01,fine\n2026-01-01,\"{}",
        "no end\n".repeat(3 << 20)
    );
    let mut rows = rows(
        Box::new(open.as_bytes()),
        Format::Csv,
        Mapping::default(),
        RowId::Content,
    )
    .unwrap();
    assert_eq!(rows.next().unwrap().unwrap().unwrap().text, "fine");
    let Err(broken) = rows.next() else {
        panic!("twenty megabytes were taken for one row");
    };
    assert!(broken.to_string().contains("is a quote left open?"), "{broken}");
}

#[test]
fn a_line_of_json_that_is_too_long_is_left_out_and_the_next_one_is_read() {
    let long = format!("{{\"text\": \"{}\"}}\n", "x".repeat(9 << 20));
    let text = format!("{long}\n{{\"at\": \"2026-01-01\", \"text\": \"fine\"}}");
    let input = read(text.as_bytes(), Format::JsonLines).unwrap();
    assert_eq!(reasons(&input), [(1, "is longer than 8 MiB")]);
    assert_eq!((input.rows[0].text.as_str(), input.rows[0].line), ("fine", 3));
}

#[test]
fn lines_are_counted_whatever_ends_them() {
    for end in ["\n", "\r\n", "\r\n\r\n"] {
        let lines = [
            "at,text",
            "2026-01-01,one",
            "2026-01-01,\"two\nhalves\"",
            "soon,bad",
        ];
        let input = csv(&lines.join(end));
        let step = end.matches('\n').count() as u64;
        let numbers: Vec<u64> = input.rows.iter().map(|row| row.line).collect();
        assert_eq!(numbers, [1 + step, 1 + 2 * step], "{end:?}");
        assert_eq!(input.rejected[0].line, 2 + 3 * step, "{end:?}");
    }
}

#[test]
fn several_segments_stand_in_one_column_parted_by_semicolons() {
    let many: Vec<String> = (0..11).map(|number| format!("s{number}")).collect();
    let (many, long) = (many.join(";"), "x".repeat(65));
    let input = csv(&format!(
        "at,csat,segment\n2026-01-01,4,gold; Über 60 ;gold;\n2026-01-02,4,\n2026-01-03,4,{many}\n2026-01-04,4,{long}\n"
    ));
    assert_eq!(input.rows[0].segments, ["gold", "Über 60"]);
    assert!(input.rows[1].segments.is_empty());
    let reasons = reasons(&input);
    assert_eq!(
        reasons[0],
        (
            4,
            "segment names 11 segments; at most 10 fit, parted by semicolons"
        )
    );
    assert_eq!(reasons[1].0, 5);
    assert!(reasons[1].1.contains("at most 64 characters"), "{reasons:?}");
    let pairs = ["Tier=segment"];
    let rows = mapped(
        "at,csat,Tier\n2026-01-01,4,gold;new\n",
        &pairs,
        Format::Csv,
        RowId::Content,
    )
    .unwrap();
    assert_eq!(rows[0].segments, ["gold", "new"]);
}

#[test]
fn who_served_and_where_on_the_journey_is_read_and_a_typo_is_answered_with_the_choice() {
    let id = "0198c5d2-7a3e-7c41-9f0a-4b1d2c3e4f50";
    let input = csv(&format!(
        "at,csat,agent,team,stage,interaction\n2026-01-01,4,Ana,Airport,Retention,{id}\n2026-01-02,4,,,,\n\
         2026-01-03,4,Ana,Airport,retenshun,42\n"
    ));
    let row = &input.rows[0];
    assert_eq!((row.agent.as_str(), row.team.as_str()), ("Ana", "Airport"));
    assert_eq!(row.stage.as_str_name(), "JOURNEY_STAGE_RETENTION");
    assert_eq!(row.interaction.map(|id| id.to_string()).as_deref(), Some(id));
    assert_eq!(input.rows[1].interaction, None);
    assert_eq!(
        reasons(&input),
        [(
            4,
            "stage is \"retenshun\"; it must be one of awareness, interest, conversion, retention, loyalty; interaction \
             is \"42\"; write the id of a recorded interaction, a UUID"
        )]
    );
}

//! Tests of reading dates.

use jiff::Timestamp;
use proptest::prelude::*;

use super::*;

fn read(text: &str, language: Option<&str>) -> Option<Dated> {
    let now: Timestamp = "2022-01-16T12:30:00Z".parse().unwrap();
    parse(text, &Hints { zone: None, language, now: Some(now) })
}

/// Rows of language (`-` for none), text and expected instant (`none` where it is refused).
fn check(rows: &[(&str, &str, &str)]) {
    let mut wrong = Vec::new();
    for (language, text, expected) in rows {
        let language = Some(*language).filter(|language| *language != "-");
        let found =
            read(text, language).map_or_else(|| "none".to_owned(), |dated| dated.at.to_string());
        if found != *expected {
            wrong.push(format!("{language:?} {text:?}: {found}, not {expected}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn iso_8601_is_read_in_all_its_forms() {
    check(&[
        ("-", "2022-01-16T14:05:09Z", "2022-01-16T14:05:09Z"),
        ("-", "2022-01-16T14:05:09+06:00", "2022-01-16T08:05:09Z"),
        ("-", "2022-01-16T14:05:09+0600", "2022-01-16T08:05:09Z"),
        ("-", "2022-01-16T14:05:09+06", "2022-01-16T08:05:09Z"),
        ("-", "2022-01-16 14:05:09 +0600", "2022-01-16T08:05:09Z"),
        ("-", "2022-01-16 14:05:09", "2022-01-16T14:05:09Z"),
        ("-", "2022-01-16T14:05", "2022-01-16T14:05:00Z"),
        ("-", "2022-01-16T14:05Z", "2022-01-16T14:05:00Z"),
        ("-", "2022-01-16T14:05:09.123456Z", "2022-01-16T14:05:09.123456Z"),
        ("-", "2022-01-16T14:05:09,5Z", "2022-01-16T14:05:09.5Z"),
        ("-", "20220116T140509Z", "2022-01-16T14:05:09Z"),
        ("-", "20220116T1405+0600", "2022-01-16T08:05:00Z"),
        ("-", "20220116140509", "2022-01-16T14:05:09Z"),
        ("-", "20220116", "2022-01-16T00:00:00Z"),
        ("-", "2022-01-16", "2022-01-16T00:00:00Z"),
        ("-", "2022-1-6", "2022-01-06T00:00:00Z"),
        ("-", "2022-016", "2022-01-16T00:00:00Z"),
        ("-", "2022-W02-7", "2022-01-16T00:00:00Z"),
        ("-", "2022-01-16T24:00:00Z", "2022-01-17T00:00:00Z"),
        ("-", "2022-01-16T23:59:60Z", "2022-01-16T23:59:59Z"),
        ("-", "2022-01-16T14:05:09+06:00[Asia/Almaty]", "2022-01-16T08:05:09Z"),
        ("-", "2022-01-16T14:05:09[Asia/Almaty]", "2022-01-16T08:05:09Z"),
        ("-", "2022-01-16T14:05:09 MSK", "2022-01-16T11:05:09Z"),
        ("-", "2022-01-16T14:05:09+00:00Z", "2022-01-16T14:05:09Z"),
        ("-", "2022-01-16T02:05:09 PM", "2022-01-16T14:05:09Z"),
        ("-", "1642341909", "2022-01-16T14:05:09Z"),
        ("-", "1642341909000", "2022-01-16T14:05:09Z"),
        ("-", "1642341909.25", "2022-01-16T14:05:09.25Z"),
        ("-", "2022-02-31", "none"),
        ("-", "2022-13-01T00:00:00Z", "none"),
        ("-", "0001-01-01T00:00:00Z", "none"),
        ("-", "1970-01-01T00:00:00Z", "none"),
        ("-", "0", "none"),
        ("-", "2022", "none"),
        ("-", "12345", "none"),
    ]);
}

#[test]
fn rfc_822_is_read_with_its_faults() {
    check(&[
        ("-", "Sun, 16 Jan 2022 14:05:09 GMT", "2022-01-16T14:05:09Z"),
        ("-", "Sun, 16 Jan 2022 14:05:09 +0600", "2022-01-16T08:05:09Z"),
        ("-", "Mon, 16 Jan 2022 14:05:09 +0600", "2022-01-16T08:05:09Z"),
        ("-", "Sun 16 Jan 2022 14:05:09 +0600", "2022-01-16T08:05:09Z"),
        ("-", "Sun,16 Jan 2022 14:05:09 GMT", "2022-01-16T14:05:09Z"),
        ("-", "16 Jan 2022 14:05 GMT", "2022-01-16T14:05:00Z"),
        ("-", "16 Jan 22 14:05:09 GMT", "2022-01-16T14:05:09Z"),
        ("-", "16 Jan 99 14:05:09 GMT", "1999-01-16T14:05:09Z"),
        ("-", "Sunday, 16 January 2022 14:05:09 Z", "2022-01-16T14:05:09Z"),
        ("-", "Sun, January 16, 2022 14:05 GMT", "2022-01-16T14:05:00Z"),
        ("-", "Sun, Jan 16 2022 14:05:09 GMT", "2022-01-16T14:05:09Z"),
        ("-", "Sun, 16-Jan-2022 14:05:09 GMT", "2022-01-16T14:05:09Z"),
        ("-", "Sunday, 16-Jan-22 14:05:09 GMT", "2022-01-16T14:05:09Z"),
        ("-", "Sun Jan 16 14:05:09 2022", "2022-01-16T14:05:09Z"),
        ("-", "Sun Jan 16 14:05:09 UTC 2022", "2022-01-16T14:05:09Z"),
        ("-", "Sun Jan 16 2022 14:05:09 GMT+0600 (East Kazakhstan Time)", "2022-01-16T08:05:09Z"),
        ("-", "Sun, 16 Jan 2022 14:05:09 MSK", "2022-01-16T11:05:09Z"),
        ("-", "Thu, 16 Jan 2014 14:05:09 MSK", "2014-01-16T10:05:09Z"),
        ("-", "Sun, 16 Jan 2022 14:05:09 ALMT", "2022-01-16T08:05:09Z"),
        ("-", "Sun, 16 Jan 2022 14:05:09 EST", "2022-01-16T19:05:09Z"),
        ("-", "Sun, 16 Jan 2022 14:05:09 PDT", "2022-01-16T21:05:09Z"),
        ("-", "Sun, 16 Jan 2022 14:05:09 CET", "2022-01-16T13:05:09Z"),
        ("-", "Sun,16 Jan 2022 14:05:9 GMT+9", "2022-01-16T05:05:09Z"),
        ("-", "Sun, 16 Jan 2022 14:05:09 UTC+03:00", "2022-01-16T11:05:09Z"),
        ("-", "Sun, 16 Jan 2022 14:05:09 UTC +3", "2022-01-16T11:05:09Z"),
        ("-", "Sun, 16 Jan 2022 14:05:09 +0300 (MSK)", "2022-01-16T11:05:09Z"),
        ("-", "Sun, 16 Jan 2022 02:05:09 PM", "2022-01-16T14:05:09Z"),
        ("-", "Sun, 16 Jan 2022 2:05 pm EST", "2022-01-16T19:05:00Z"),
        ("-", "Sun, 16 Jan 2022 12:05 a.m.", "2022-01-16T00:05:00Z"),
        ("-", "Sun, 16 Jan 2022 24:00:00 GMT", "2022-01-17T00:00:00Z"),
        ("-", "Sun, 16 Jan 2022", "2022-01-16T00:00:00Z"),
        ("-", "1/16/2022 2:05:09 PM", "2022-01-16T14:05:09Z"),
        ("-", "Tue, 31 Feb 2022 08:30:00 GMT", "none"),
        ("-", "Mon, 01 Jan 0001 00:00:00 +0000", "none"),
        ("-", "Thu, 01 Jan 1970 00:00:00 GMT", "none"),
        ("-", "Di, 16 Jän 2022 14:05:09 +0100", "2022-01-16T13:05:09Z"),
        ("-", "Вс, 16 янв 2022 14:05:09 +0300", "2022-01-16T11:05:09Z"),
    ]);
}

#[test]
fn dates_are_read_in_the_words_of_languages_of_asia() {
    let day = "2022-01-16T00:00:00Z";
    let minute = "2022-01-16T14:05:00Z";
    check(&[
        ("ru", "16 января 2022", day),
        ("ru", "16 января 2022 г., 14:05", minute),
        ("ru", "Опубликовано: 16.01.2022, 14:05", minute),
        ("ru", "16 января 2022, 14:05 МСК", "2022-01-16T11:05:00Z"),
        ("ru", "16 января 2022, 14:05 (мск)", "2022-01-16T11:05:00Z"),
        ("ru", "16 января 2022, 14:05 по московскому времени", "2022-01-16T11:05:00Z"),
        ("ru", "14:05, 16 января 2022", minute),
        ("ru", "16 янв. 2022", day),
        ("kk", "2022 жылғы 16 қаңтар", day),
        ("kk", "16 қаңтар 2022, 14:05", minute),
        ("kk", "2022 ж. 16 Қаңтар", day),
        ("ky", "16-январь, 2022-жыл", day),
        ("ky", "2022-жылдын 16-январы", day),
        ("ky", "16-Үчтүн айы, 2022", day),
        ("uk", "16 січня 2022, 14:05", minute),
        ("be", "16 студзеня 2022", day),
        ("hy", "16 հունվարի, 2022", day),
        ("hy", "Հունվար 16, 2022 14:05", minute),
        ("tr", "16 Ocak 2022 Pazar 14:05", minute),
        ("tr", "16 OCAK 2022", day),
        ("tr", "16 Aralık 2021", "2021-12-16T00:00:00Z"),
        ("az", "16 Yanvar 2022", day),
        ("uz", "16-yanvar 2022, 14:05", minute),
        ("uz", "2022-yil 16-yanvar", day),
        ("uz", "16 январь 2022", day),
        ("tg", "Январь 16, 2022", day),
        ("tg", "16 январи соли 2022", day),
        ("ar", "16 يناير 2022", day),
        ("ar", "١٦ يناير ٢٠٢٢", day),
        ("ar", "16 كانون الثاني 2022", day),
        ("ar", "الأحد 16 كانون الثاني/يناير 2022 - 14:05", minute),
        ("ar", "16 كانون الأول 2021", "2021-12-16T00:00:00Z"),
        ("ar", "الأحد 13 جمادى الآخرة 1443 هـ الموافق 16 يناير 2022", day),
        ("ar", "16 جانفي 2022", day),
        ("ar", "16 يناير 2022 02:05 م", minute),
        ("fa", "۲۶ دی ۱۴۰۰", day),
        ("fa", "یکشنبه ۲۶ دی ۱۴۰۰ - ۱۴:۰۵", minute),
        ("fa", "1400/10/26", day),
        ("fa", "۱۴۰۰/۱۰/۲۶ ۱۴:۰۵", minute),
        ("fa", "16 ژانویه 2022", day),
        ("ps", "۱۴۰۰ د مرغومي ۲۶", "2022-01-16T00:00:00Z"),
        ("ur", "16 جنوری 2022", day),
        ("he", "16 בינואר 2022", day),
        ("he", "16 ינואר 2022, 14:05", minute),
        ("hi", "16 जनवरी 2022", day),
        ("hi", "१६ जनवरी २०२२", day),
        ("bn", "১৬ জানুয়ারি ২০২২", day),
        ("zh", "2022年1月16日", day),
        ("zh", "2022年01月16日 14:05", minute),
        ("zh", "2022年1月16日 星期日 下午2时05分", minute),
        ("zh", "2022年1月16日下午2:05", minute),
        ("ja", "2022年1月16日 14時05分", minute),
        ("ja", "２０２２年１月１６日", day),
        ("ja", "2022年1月16日午後2時05分", minute),
        ("ko", "2022년 1월 16일 14:05", minute),
        ("ko", "2022. 01. 16. 오후 2:05", minute),
        ("ko", "2022년 1월 16일 오후 2시 05분", minute),
        ("ko", "입력 2022.01.16 14:05", minute),
        ("vi", "Chủ nhật, 16/1/2022, 14:05 (GMT+7)", "2022-01-16T07:05:00Z"),
        ("vi", "16 tháng 1 năm 2022", day),
        ("vi", "16 Tháng Một, 2022", day),
        ("vi", "14h05 ngày 16/1/2022", minute),
        ("id", "Minggu, 16 Januari 2022 14:05 WIB", "2022-01-16T07:05:00Z"),
        ("id", "16 Agu 2021", "2021-08-16T00:00:00Z"),
        ("ms", "16 Ogos 2021", "2021-08-16T00:00:00Z"),
        ("ka", "16 იანვარი, 2022", day),
        ("ka", "16 იანვარს 2022 14:05", minute),
    ]);
}

#[test]
fn dates_are_read_in_the_words_of_languages_of_europe() {
    let day = "2022-01-16T00:00:00Z";
    let minute = "2022-01-16T14:05:00Z";
    check(&[
        ("el", "16 Ιανουαρίου 2022", day),
        ("el", "16/01/2022 02:05 μ.μ.", minute),
        ("el", "16 Μαΐου 2021", "2021-05-16T00:00:00Z"),
        ("de", "16. Januar 2022, 14:05 Uhr", minute),
        ("de", "16.1.2022 14.05 Uhr", minute),
        ("de", "16. März 2021", "2021-03-16T00:00:00Z"),
        ("fr", "16 janvier 2022 à 14h05", minute),
        ("fr", "dimanche 16 janv. 2022", day),
        ("fr", "1er février 2022", "2022-02-01T00:00:00Z"),
        ("es", "16 de enero de 2022", day),
        ("es", "16 de enero del 2022 a las 14:05", minute),
        ("es", "Ago 16, 2021", "2021-08-16T00:00:00Z"),
        ("pt", "16 de janeiro de 2022, 14h05", minute),
        ("pt", "16 out 2021", "2021-10-16T00:00:00Z"),
        ("it", "16 gennaio 2022", day),
        ("it", "mar 16 gen 2022", day),
        ("nl", "16 januari 2022 om 14:05 uur", minute),
        ("sv", "16 januari 2022 kl. 14.05", minute),
        ("da", "16. jan. 2022 kl. 14.05", minute),
        ("nb", "16. januar 2022", day),
        ("fi", "16. tammikuuta 2022", day),
        ("fi", "16.1.2022 klo 14.05", minute),
        ("et", "16. jaanuar 2022", day),
        ("lv", "2022. gada 16. janvāris", day),
        ("lt", "2022 m. sausio 16 d. 14:05", minute),
        ("pl", "16 stycznia 2022, 14:05", minute),
        ("pl", "16 listopada 2021", "2021-11-16T00:00:00Z"),
        ("cs", "16. ledna 2022", day),
        ("cs", "16. 1. 2022 14:05", minute),
        ("cs", "16. července 2021", "2021-07-16T00:00:00Z"),
        ("cs", "16. června 2021", "2021-06-16T00:00:00Z"),
        ("sk", "16. januára 2022", day),
        ("sl", "16. januar 2022", day),
        ("sr", "16. јануар 2022.", day),
        ("sr", "16. januara 2022.", day),
        ("hr", "16. siječnja 2022.", day),
        ("hr", "16. listopada 2021.", "2021-10-16T00:00:00Z"),
        ("mk", "16 јануари 2022", day),
        ("bg", "16 януари 2022", day),
        ("ro", "16 ianuarie 2022", day),
        ("hu", "2022. január 16. 14:05", minute),
        ("hu", "2022.01.16. 14:05", minute),
        ("sq", "16 Janar 2022", day),
        ("th", "16 มกราคม 2565", day),
        ("mn", "2022 оны 1 сарын 16", day),
        ("en", "January 16th, 2022", day),
        ("en", "16th of January, 2022 at 2:05 p.m.", minute),
        ("en", "Sunday, January 16, 2022, 2:05 PM EST", "2022-01-16T19:05:00Z"),
        ("en", "Published 2:05 PM ET, Sun January 16, 2022", "2022-01-16T19:05:00Z"),
        ("en", "Jan. 16, 2022", day),
        ("en", "16Jan2022", day),
        ("-", "16 janvier 2022", day),
        ("-", "Seg, 16 Set 2021 19:42:40 -0300", "2021-09-16T22:42:40Z"),
        ("en", "16 out. 2021", "2021-10-16T00:00:00Z"),
        ("-", "16 января 2022", day),
    ]);
}

#[test]
fn a_numeric_date_is_refused_where_it_could_be_two_days() {
    check(&[
        ("-", "16.01.2022", "2022-01-16T00:00:00Z"),
        ("-", "03.04.2022", "2022-04-03T00:00:00Z"),
        ("-", "16/01/2022", "2022-01-16T00:00:00Z"),
        ("-", "01/16/2022", "2022-01-16T00:00:00Z"),
        ("-", "2022/01/16", "2022-01-16T00:00:00Z"),
        ("-", "2022.01.16", "2022-01-16T00:00:00Z"),
        ("-", "03/04/2022", "none"),
        ("en", "03/04/2022", "none"),
        ("en-US", "03/04/2022", "2022-03-04T00:00:00Z"),
        ("en-GB", "03/04/2022", "2022-04-03T00:00:00Z"),
        ("fr", "03/04/2022", "2022-04-03T00:00:00Z"),
        ("fr", "03-04-2022 14:05", "2022-04-03T14:05:00Z"),
        ("ja", "22/01/16", "2022-01-16T00:00:00Z"),
        ("fr", "16/01/22", "2022-01-16T00:00:00Z"),
        ("ru", "16.01.22 14:05", "2022-01-16T14:05:00Z"),
        ("-", "05/05/2021", "2021-05-05T00:00:00Z"),
        ("-", "3 out of 10 people in 2022", "none"),
        ("-", "call 555-1234", "none"),
        ("-", "14:05", "none"),
        ("-", "yesterday's papers are of no use to anyone any more", "none"),
        ("-", "", "none"),
    ]);
}

#[test]
fn a_weekday_decides_which_of_two_days_a_numeric_date_is() {
    check(&[
        ("ru", "Чт, 01/06/2022 - 10:30", "2022-01-06T10:30:00Z"),
        ("fr", "jeu, 01/06/2022 - 10:30", "2022-01-06T10:30:00Z"),
        ("fr", "Thu, 01/06/2022 - 10:30", "2022-01-06T10:30:00Z"),
        ("en", "Thu, 01/06/2022 - 10:30", "2022-01-06T10:30:00Z"),
        ("en", "Wed, 01/06/2022 - 10:30", "2022-06-01T10:30:00Z"),
        ("en", "Fri, 01/06/2022", "none"),
        ("fr", "lun, 01/06/2022", "2022-06-01T00:00:00Z"),
    ]);
}

#[test]
fn years_of_other_eras_are_those_of_the_common_one_and_no_days() {
    check(&[
        ("ja", "令和4年1月6日", "2022-01-06T00:00:00Z"),
        ("ja", "令和 ４年１月６日 午後3時", "2022-01-06T15:00:00Z"),
        ("ja", "2022年(令和4年)1月6日", "2022-01-06T00:00:00Z"),
        ("ja", "令和4（2022）年1月6日", "2022-01-06T00:00:00Z"),
        ("ja", "令和元年5月2日", "2019-05-02T00:00:00Z"),
        ("ja", "平成31年4月1日", "2019-04-01T00:00:00Z"),
        ("ja", "昭和60年1月6日", "1985-01-06T00:00:00Z"),
        ("zh", "民國109年1月6日", "2020-01-06T00:00:00Z"),
        ("zh", "111年1月6日", "2022-01-06T00:00:00Z"),
        ("ja", "22年1月6日", "none"),
        ("th", "6 มกราคม 65", "2022-01-06T00:00:00Z"),
        ("th", "6 ม.ค. 65 | 10:30 น.", "2022-01-06T10:30:00Z"),
        ("th", "6 มี.ค. 2565", "2022-03-06T00:00:00Z"),
    ]);
}

#[test]
fn a_clock_without_a_colon_is_a_clock() {
    check(&[
        ("en", "1030 GMT (1830 HKT) January 6, 2022", "2022-01-06T10:30:00Z"),
        ("en", "1945 GMT, 6 January 2022", "2022-01-06T19:45:00Z"),
        ("en", "2030 hrs, 6 January 2022", "2022-01-06T20:30:00Z"),
        ("en", "6 January 2022 GMT", "2022-01-06T00:00:00Z"),
        ("en", "Thursday January 06 2022, 12.01am GMT", "2022-01-06T00:01:00Z"),
        ("en", "6 January 2022, 1.05pm", "2022-01-06T13:05:00Z"),
        ("en", "Thu, 06 Jan 2022 04.30.15 GMT", "2022-01-06T04:30:15Z"),
        ("ru", "06.01.2022 10.30.15", "2022-01-06T10:30:15Z"),
        ("zh", "2022-01-06 10.30.15", "2022-01-06T10:30:15Z"),
    ]);
}

#[test]
fn short_months_mean_what_the_pages_language_means() {
    check(&[
        ("hr", "6 lip 2021", "2021-06-06T00:00:00Z"),
        ("hr", "6 lis 2021", "2021-10-06T00:00:00Z"),
        ("pl", "6 lip 2021", "2021-07-06T00:00:00Z"),
        ("cs", "6 lis 2021", "2021-11-06T00:00:00Z"),
        ("cs", "6 čvn 2021", "2021-06-06T00:00:00Z"),
        ("-", "Čt, 06 led 2022 05:30:00 +0100", "2022-01-06T04:30:00Z"),
        ("uk", "6 кві 2021", "2021-04-06T00:00:00Z"),
        ("be", "6 жні 2021", "2021-08-06T00:00:00Z"),
        ("vi", "6 Th12 2021", "2021-12-06T00:00:00Z"),
        ("en", "December 6th 2021", "2021-12-06T00:00:00Z"),
        ("hy", "6 հուն 2021", "none"),
    ]);
}

#[test]
fn dates_are_read_in_the_words_of_further_languages() {
    check(&[
        ("gl", "6 de xaneiro de 2022", "2022-01-06T00:00:00Z"),
        ("tk", "6 ýanwar 2022", "2022-01-06T00:00:00Z"),
        ("tt", "6 гыйнвар 2022", "2022-01-06T00:00:00Z"),
        ("ba", "6 ғинуар 2022", "2022-01-06T00:00:00Z"),
        ("ckb", "6 کانوونی دووەم 2022", "2022-01-06T00:00:00Z"),
        ("mr", "6 जानेवारी 2022", "2022-01-06T00:00:00Z"),
        ("ta", "6 ஜனவரி 2022", "2022-01-06T00:00:00Z"),
        ("te", "6 జనవరి 2022", "2022-01-06T00:00:00Z"),
        ("kn", "6 ಜನವರಿ 2022", "2022-01-06T00:00:00Z"),
        ("ml", "2022 ജനുവരി 6", "2022-01-06T00:00:00Z"),
        ("gu", "6 જાન્યુઆરી 2022", "2022-01-06T00:00:00Z"),
        ("pa", "6 ਜਨਵਰੀ 2022", "2022-01-06T00:00:00Z"),
        ("si", "2022 ජනවාරි 6", "2022-01-06T00:00:00Z"),
        ("my", "၆ ဇန်နဝါရီ ၂၀၂၂", "2022-01-06T00:00:00Z"),
        ("km", "6 មករា 2022", "2022-01-06T00:00:00Z"),
        ("lo", "6 ມັງກອນ 2022", "2022-01-06T00:00:00Z"),
        ("mt", "6 ta' Jannar 2022", "2022-01-06T00:00:00Z"),
        ("cy", "6 Ionawr 2022", "2022-01-06T00:00:00Z"),
        ("lb", "6. Mäerz 2022", "2022-03-06T00:00:00Z"),
        ("am", "ጃንዩወሪ 6 2022", "2022-01-06T00:00:00Z"),
        ("ha", "6 Janairu 2022", "2022-01-06T00:00:00Z"),
        ("ku", "6 Sibat 2022", "2022-02-06T00:00:00Z"),
        ("ku", "6ê Sibatê 2022", "2022-02-06T00:00:00Z"),
        ("ha", "6 Fabrairu 2022", "2022-02-06T00:00:00Z"),
        ("so", "Febraayo 6, 2022", "2022-02-06T00:00:00Z"),
        ("ps", "۶ فبروري ۲۰۲۲", "2022-02-06T00:00:00Z"),
        ("sw", "6 Disemba 2021", "2021-12-06T00:00:00Z"),
    ]);
}

#[test]
fn relative_dates_count_from_now() {
    check(&[
        ("en", "2 hours ago", "2022-01-16T10:30:00Z"),
        ("en", "an hour ago", "2022-01-16T11:30:00Z"),
        ("en", "15 mins ago", "2022-01-16T12:15:00Z"),
        ("en", "3 days ago", "2022-01-13T00:00:00Z"),
        ("en", "yesterday", "2022-01-15T00:00:00Z"),
        ("en", "Today, 9:15 am", "2022-01-16T09:15:00Z"),
        ("en", "just now", "2022-01-16T12:30:00Z"),
        ("en", "2 months ago", "none"),
        ("en", "January 14", "2022-01-14T00:00:00Z"),
        ("en", "December 14, 10:00", "2021-12-14T10:00:00Z"),
        ("ru", "вчера, 14:05", "2022-01-15T14:05:00Z"),
        ("ru", "сегодня в 09:15", "2022-01-16T09:15:00Z"),
        ("ru", "2 часа назад", "2022-01-16T10:30:00Z"),
        ("ru", "час назад", "2022-01-16T11:30:00Z"),
        ("ru", "14 января, 14:05", "2022-01-14T14:05:00Z"),
        ("uk", "2 години тому", "2022-01-16T10:30:00Z"),
        ("kk", "2 сағат бұрын", "2022-01-16T10:30:00Z"),
        ("kk", "кеше 14:05", "2022-01-15T14:05:00Z"),
        ("tr", "2 saat önce", "2022-01-16T10:30:00Z"),
        ("tr", "dün 14:05", "2022-01-15T14:05:00Z"),
        ("ar", "منذ 2 ساعات", "2022-01-16T10:30:00Z"),
        ("ar", "منذ ساعتين", "2022-01-16T10:30:00Z"),
        ("ar", "أمس 14:05", "2022-01-15T14:05:00Z"),
        ("fa", "۲ ساعت پیش", "2022-01-16T10:30:00Z"),
        ("fa", "۲۴ دی", "2022-01-14T00:00:00Z"),
        ("he", "לפני שעתיים", "2022-01-16T10:30:00Z"),
        ("hi", "2 घंटे पहले", "2022-01-16T10:30:00Z"),
        ("zh", "2小时前", "2022-01-16T10:30:00Z"),
        ("zh", "昨天 14:05", "2022-01-15T14:05:00Z"),
        ("zh", "1月14日 14:05", "2022-01-14T14:05:00Z"),
        ("ja", "2時間前", "2022-01-16T10:30:00Z"),
        ("ko", "2시간 전", "2022-01-16T10:30:00Z"),
        ("vi", "2 giờ trước", "2022-01-16T10:30:00Z"),
        ("vi", "hôm qua", "2022-01-15T00:00:00Z"),
        ("id", "2 jam yang lalu", "2022-01-16T10:30:00Z"),
        ("de", "vor 2 Stunden", "2022-01-16T10:30:00Z"),
        ("de", "gestern, 14:05 Uhr", "2022-01-15T14:05:00Z"),
        ("fr", "il y a 2 heures", "2022-01-16T10:30:00Z"),
        ("fr", "il y a une heure", "2022-01-16T11:30:00Z"),
        ("fr", "hier à 14h05", "2022-01-15T14:05:00Z"),
        ("fr", "aujourd’hui à 09h15", "2022-01-16T09:15:00Z"),
        ("es", "hace 2 horas", "2022-01-16T10:30:00Z"),
        ("pt", "há 2 horas", "2022-01-16T10:30:00Z"),
        ("it", "2 ore fa", "2022-01-16T10:30:00Z"),
        ("pl", "2 godziny temu", "2022-01-16T10:30:00Z"),
        ("sv", "för 2 timmar sedan", "2022-01-16T10:30:00Z"),
        ("el", "πριν από 2 ώρες", "2022-01-16T10:30:00Z"),
    ]);
    assert_eq!(parse("2 hours ago", &Hints::default()), None);
    assert_eq!(parse("yesterday", &Hints::default()), None);
    assert_eq!(parse("14 января", &Hints::default()), None);
}

#[test]
fn a_zone_that_is_not_written_is_taken_from_the_hints_and_said() {
    let almaty = zone::iana("Asia/Almaty").unwrap();
    let hints = Hints { zone: Some(&almaty), ..Hints::default() };
    let dated = parse(" 16.01.2022 14:05 ", &hints).unwrap();
    assert_eq!(dated.at.to_string(), "2022-01-16T08:05:00Z");
    assert_eq!(dated.assumed_zone.as_deref(), Some("Asia/Almaty"));
    assert_eq!((dated.raw.as_str(), dated.precision), ("16.01.2022 14:05", Precision::Minute));
    let dated = parse("16.07.2024 14:05", &hints).unwrap();
    assert_eq!(dated.at.to_string(), "2024-07-16T09:05:00Z");
    let dated = parse("16.01.2022", &hints).unwrap();
    assert_eq!(dated.at.to_string(), "2022-01-15T18:00:00Z");
    assert_eq!(dated.precision, Precision::Day);
    let dated = parse("2022-01-16T14:05:00+03:00", &hints).unwrap();
    assert_eq!((dated.assumed_zone, dated.precision), (None, Precision::Second));
    let dated = parse("2022-01-16T14:05:00", &Hints::default()).unwrap();
    assert_eq!(dated.assumed_zone.as_deref(), Some("UTC"));
    let now = Some("2022-01-16T20:00:00Z".parse().unwrap());
    let dated = parse("3 days ago", &Hints { now, ..hints.clone() }).unwrap();
    assert_eq!(dated.at.to_string(), "2022-01-13T18:00:00Z");
    assert_eq!(dated.assumed_zone.as_deref(), Some("Asia/Almaty"), "its day begins there");
    let dated = parse("3 hours ago", &Hints { now, ..hints }).unwrap();
    assert_eq!(dated.assumed_zone, None);
}

#[test]
fn a_month_of_the_solar_hijri_calendar_beside_its_year_is_known_on_a_page_of_any_language() {
    for language in [None, Some("en")] {
        let hints = Hints { language, ..Hints::default() };
        let at = |text| parse(text, &hints).map(|dated| dated.at.to_string());
        let expected = Some("2022-01-06T09:30:00Z".to_owned());
        assert_eq!(at("پنجشنبه ۱۶ دی ۱۴۰۰ ۰۹:۳۰"), expected, "{language:?}");
    }
}

#[test]
fn a_year_is_known_to_be_assumed() {
    let now = "2022-02-01T00:00:00Z".parse().ok();
    let hints = Hints { language: Some("en"), now, ..Hints::default() };
    let assumed = |text| is_year_assumed(text, &hints);
    assert!(assumed("13 Aug"));
    assert!(!assumed("13 Aug 2021") && !assumed("2022-01-13") && !assumed("2 hours ago"));
}

#[test]
fn the_solar_hijri_new_years_of_a_century_agree_with_the_gregorian_calendar() {
    for (year, day) in [
        (1357, "1978-03-21"),
        (1375, "1996-03-20"),
        (1376, "1997-03-21"),
        (1399, "2020-03-20"),
        (1400, "2021-03-21"),
        (1403, "2024-03-20"),
        (1404, "2025-03-21"),
        (1408, "2029-03-20"),
    ] {
        assert_eq!(solar_hijri::to_gregorian(year, 1, 1).unwrap().to_string(), day);
    }
    assert_eq!(solar_hijri::to_gregorian(1400, 12, 30), None);
    assert_eq!(solar_hijri::to_gregorian(1403, 12, 30).unwrap().to_string(), "2025-03-20");
}

proptest! {
    #[test]
    fn any_text_gives_a_date_or_none(text in "\\PC{0,40}", language in "[a-z]{2}") {
        let now = Timestamp::from_second(1_642_336_200).ok();
        let hints = Hints { zone: None, language: Some(&language), now };
        if let Some(dated) = parse(&text, &hints) {
            prop_assert_eq!(parse(&dated.raw, &hints), Some(dated));
        }
    }

    #[test]
    fn any_date_like_text_gives_a_date_or_none(
        text in "([0-9]{1,14}|[-+:./, T]|jan|Sun|ago|hours|年|月|日|января|دی|GMT|Z|pm|tháng|yesterday|全){0,12}"
    ) {
        let now = Timestamp::from_second(1_642_336_200).ok();
        let _ = parse(&text, &Hints { now, ..Hints::default() });
    }

    #[test]
    fn what_jiff_prints_is_read_back(second in -5_000_000_000_i64..5_000_000_000) {
        let at = Timestamp::from_second(second).unwrap();
        prop_assume!(!at.to_string().starts_with("1970-01-01T00:00:00"));
        let dated = parse(&at.to_string(), &Hints::default()).unwrap();
        prop_assert_eq!(dated.at, at);
        let mail = at.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string();
        prop_assert_eq!(parse(&mail, &Hints::default()).unwrap().at, at);
    }
}

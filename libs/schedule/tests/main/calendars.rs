//! The files of `calendars/`, computed again from the published rules.

use std::collections::BTreeMap;

use jiff::ToSpan as _;
use jiff::civil::{Date, Weekday, date};
use schedule::Calendar;

type Days = BTreeMap<Date, &'static str>;
type Rule = fn(i16, &mut Days);

/// Easter Sunday: the Sunday after the paschal full moon, as Gauss reckons it (1816, with both of his exceptions).
fn easter(year: i16) -> Date {
    let y = i32::from(year);
    let century = y / 100;
    let (moon_shift, leaps) = ((13 + 8 * century) / 25, century / 4);
    let epact = (15 - moon_shift + century - leaps) % 30;
    let moon = (19 * (y % 19) + epact) % 30;
    let sunday = (2 * (y % 4) + 4 * (y % 7) + 6 * moon + (4 + century - leaps)) % 7;
    let after = match (moon, sunday) {
        (29, 6) => 28,
        (28, 6) if (11 * epact + 11) % 30 < 19 => 27,
        _ => moon + sunday,
    };
    date(year, 3, 22) + after.days()
}

/// The nth such weekday of a month; the last one for -1.
fn nth(year: i16, month: i8, nth: i8, weekday: Weekday) -> Date {
    date(year, month, 1).nth_weekday_of_month(nth, weekday).expect("months have four of each")
}

fn weekend(day: Date) -> bool {
    matches!(day.weekday(), Weekday::Saturday | Weekday::Sunday)
}

fn target2(year: i16, days: &mut Days) {
    let easter = easter(year);
    days.insert(date(year, 1, 1), "New Year's Day");
    days.insert(easter - 2.days(), "Good Friday");
    days.insert(easter + 1.day(), "Easter Monday");
    days.insert(date(year, 5, 1), "Labour Day");
    days.insert(date(year, 12, 25), "Christmas Day");
    days.insert(date(year, 12, 26), "Christmas Holiday");
}

fn us_fed(year: i16, days: &mut Days) {
    let kept = |day: Date| if day.weekday() == Weekday::Sunday { day + 1.day() } else { day };
    days.insert(kept(date(year, 1, 1)), "New Year's Day");
    days.insert(nth(year, 1, 3, Weekday::Monday), "Martin Luther King Jr. Day");
    days.insert(nth(year, 2, 3, Weekday::Monday), "Washington's Birthday");
    days.insert(nth(year, 5, -1, Weekday::Monday), "Memorial Day");
    // A legal public holiday since Public Law 117-17 of 17 June 2021.
    if year >= 2021 {
        days.insert(kept(date(year, 6, 19)), "Juneteenth");
    }
    days.insert(kept(date(year, 7, 4)), "Independence Day");
    days.insert(nth(year, 9, 1, Weekday::Monday), "Labor Day");
    days.insert(nth(year, 10, 2, Weekday::Monday), "Columbus Day");
    days.insert(kept(date(year, 11, 11)), "Veterans Day");
    days.insert(nth(year, 11, 4, Weekday::Thursday), "Thanksgiving Day");
    days.insert(kept(date(year, 12, 25)), "Christmas Day");
}

fn uk(year: i16, days: &mut Days) {
    let easter = easter(year);
    let new_year = date(year, 1, 1);
    match new_year.weekday() {
        Weekday::Saturday => days.insert(new_year + 2.days(), "New Year's Day (substitute)"),
        Weekday::Sunday => days.insert(new_year + 1.day(), "New Year's Day (substitute)"),
        _ => days.insert(new_year, "New Year's Day"),
    };
    days.insert(easter - 2.days(), "Good Friday");
    days.insert(easter + 1.day(), "Easter Monday");
    if year == 2020 {
        days.insert(date(2020, 5, 8), "Early May bank holiday (VE Day)");
    } else {
        days.insert(nth(year, 5, 1, Weekday::Monday), "Early May bank holiday");
    }
    let spring = if year == 2022 { date(2022, 6, 2) } else { nth(year, 5, -1, Weekday::Monday) };
    days.insert(spring, "Spring bank holiday");
    days.insert(nth(year, 8, -1, Weekday::Monday), "Summer bank holiday");
    match year {
        2022 => {
            days.insert(date(2022, 6, 3), "Platinum Jubilee");
            days.insert(date(2022, 9, 19), "State Funeral of Queen Elizabeth II");
        }
        2023 => {
            days.insert(date(2023, 5, 8), "Coronation of King Charles III");
        }
        _ => {}
    }
    // Both substitutes are on weekdays after Boxing Day; where both move, Christmas has the first.
    let (christmas, boxing) = (date(year, 12, 25), date(year, 12, 26));
    match christmas.weekday() {
        Weekday::Friday => {
            days.insert(christmas, "Christmas Day");
            days.insert(date(year, 12, 28), "Boxing Day (substitute)");
        }
        Weekday::Saturday => {
            days.insert(date(year, 12, 27), "Christmas Day (substitute)");
            days.insert(date(year, 12, 28), "Boxing Day (substitute)");
        }
        Weekday::Sunday => {
            days.insert(boxing, "Boxing Day");
            days.insert(date(year, 12, 27), "Christmas Day (substitute)");
        }
        _ => {
            days.insert(christmas, "Christmas Day");
            days.insert(boxing, "Boxing Day");
        }
    }
}

#[test]
fn every_line_of_every_file_follows_from_the_published_rules() {
    let rules: [(Calendar, Rule); 3] =
        [(Calendar::Target2, target2), (Calendar::UsFed, us_fed), (Calendar::Uk, uk)];
    for (calendar, rule) in rules {
        let mut expected = Days::new();
        (2020..=2040).for_each(|year| rule(year, &mut expected));
        let expected: Vec<_> = expected.into_iter().collect();
        assert_eq!(calendar.holidays(), expected, "{calendar}");
        assert_eq!(calendar.years(), Some((2020, 2040)), "{calendar}");
    }
}

#[test]
fn easter_is_where_the_churches_have_it() {
    let known = [
        (1961, 4, 2),
        (2000, 4, 23),
        (2008, 3, 23),
        (2024, 3, 31),
        (2025, 4, 20),
        (2026, 4, 5),
        (2038, 4, 25),
    ];
    for (year, month, day) in known {
        assert_eq!(easter(year), date(year, month, day));
    }
}

#[test]
fn no_calendar_is_closed_for_more_than_a_week_and_weekends_are_always() {
    for calendar in Calendar::ALL {
        let (mut run, mut day) = (0, date(2020, 1, 1));
        while day <= date(2040, 12, 31) {
            let open = calendar.is_business_day(day).expect("covered");
            assert!(!(open && weekend(day)), "{calendar} {day}");
            run = if open { 0 } else { run + 1 };
            assert!(run <= 7, "{calendar} {day}");
            day = day.tomorrow().expect("far from the end");
        }
    }
}

#[test]
fn calendars_are_found_by_their_names_and_say_why_they_are_closed() {
    for calendar in Calendar::ALL {
        assert_eq!(calendar.to_string().parse(), Ok(calendar));
    }
    let error = "TARGET".parse::<Calendar>().expect_err("names are exact");
    assert_eq!((error.reason(), error.field()), ("UNKNOWN_CALENDAR", "calendar"));
    assert_eq!(Calendar::Uk.closed(date(2026, 4, 3)), Ok(Some("Good Friday")));
    assert_eq!(Calendar::Uk.closed(date(2026, 4, 4)), Ok(Some("Saturday")));
    assert_eq!(Calendar::Uk.closed(date(2026, 4, 7)), Ok(None));
    assert!(
        Calendar::Uk.closed(date(2041, 1, 1)).is_err() && Calendar::Uk.closed(date(2019, 12, 31)).is_err()
    );
}

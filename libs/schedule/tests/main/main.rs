//! Schedules from outside: what the document promises, over clocks, months, holidays and downtimes.

mod business_days;
mod calendars;
mod catch_up;
mod clock_changes;
mod cron;
mod document;
mod laws;
mod months;
mod refusals;
mod words;

DROP TABLE occurrence;
DROP TABLE schedule_state;
DROP TABLE schedule_holder_decision;
DROP TABLE schedule_version;
DROP TABLE schedule;

DROP TABLE work_done;

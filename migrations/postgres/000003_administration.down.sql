DROP TABLE limits, audit;

DROP TABLE limits;
DROP TABLE audit;

DROP TABLE budgets;
DROP TABLE deliveries;
DROP TABLE attempts;
DROP TABLE connections;

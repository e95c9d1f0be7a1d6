-- Run once by the database container.
CREATE DATABASE kruispunt_directory TEMPLATE template0 ENCODING 'UTF8';
CREATE DATABASE kruispunt_identity TEMPLATE template0 ENCODING 'UTF8';

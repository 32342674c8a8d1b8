-- a copy of the database must never write to real customers
UPDATE dunning_communication SET state = 'cancelled' WHERE state IN ('to_send', 'sending');
UPDATE dunning_postal_job SET state = 'cancelled' WHERE state IN ('made', 'delivering');
UPDATE dunning_service_provider
   SET state = 'stopped', stopped_reason = 'Copia del database', sms_secret = NULL,
       sms_url = CASE WHEN sms_driver = 'http' THEN 'https://localhost.invalid/' END;
-- nor read a mailbox that the true database reads
UPDATE dunning_service_provider SET pec_password = NULL, pec_login = NULL WHERE kind = 'pec';

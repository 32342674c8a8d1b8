-- a copy of the database must never write to real customers
UPDATE dunning_communication SET state = 'cancelled' WHERE state IN ('to_send', 'sending');
UPDATE dunning_service_provider
   SET state = 'stopped', stopped_reason = 'Copia del database', sms_secret = NULL,
       sms_url = CASE WHEN sms_driver = 'http' THEN 'https://localhost.invalid/' END;

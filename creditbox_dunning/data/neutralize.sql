-- a copy of the database must never write to real customers
UPDATE mail_mail SET state = 'cancel'
 WHERE state = 'outgoing'
   AND id IN (SELECT mail_mail_id FROM dunning_communication WHERE mail_mail_id IS NOT NULL);
UPDATE dunning_communication SET state = 'cancelled' WHERE state = 'to_send';

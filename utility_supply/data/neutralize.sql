-- a copy of the database must not act on the world: no folder is polled, nothing is
-- recomputed behind the tester's back
UPDATE utility_import_source
   SET active = false, password = NULL, private_key = NULL;
UPDATE ir_cron
   SET active = false
 WHERE id IN (
       SELECT res_id
         FROM ir_model_data
        WHERE model = 'ir.cron'
          AND module = 'utility_supply'
          AND name = 'ir_cron_import_poll'
 );

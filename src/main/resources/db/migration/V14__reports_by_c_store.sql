-- Reports go by C-STORE, too.
alter table delivery drop constraint delivery_kind_check;
alter table delivery add constraint delivery_kind_check check (kind in ('STOW', 'C_STORE', 'WEBHOOK'));

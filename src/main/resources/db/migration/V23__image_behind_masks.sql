-- An image that is shown behind the masks is kept beside the files of the two sides; it is never scored.
alter table evaluation_input drop constraint evaluation_input_side_check;
alter table evaluation_input
    add constraint evaluation_input_side_check check (side in ('prediction', 'reference', 'mask', 'image'));

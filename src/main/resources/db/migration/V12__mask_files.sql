-- A file that says which voxels are scored is kept beside the files of the two sides.
alter table evaluation_input drop constraint evaluation_input_side_check;
alter table evaluation_input add constraint evaluation_input_side_check check (side in ('prediction', 'reference', 'mask'));

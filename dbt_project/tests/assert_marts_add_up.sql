-- A row is a published total that its classes and its residue do not explain; one is enough to stop the publication.
select * from {{ ref('mart_additivity_checks') }}
where unexplained <> 0 or unexplained is null

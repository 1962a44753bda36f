-- One file of the inbox, as text and without personal columns: as the product lands it.
copy (
    select
        row_number() over () as row_number,
        {columns}
    from read_csv('{source}', header = true, all_varchar = true, delim = ',', quote = '"', escape = '"', strict_mode = true)
) to '{target}' (format parquet, compression zstd);

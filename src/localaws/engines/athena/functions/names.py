"""The names of Trino's functions that need no more than a name.

Source: Trino's "List of functions and operators".
"""

from __future__ import annotations

#: The same name and the same meaning.
SAME = set(
    """
    abs acos asin atan atan2 any_value bool_and bool_or cbrt ceil ceiling coalesce concat_ws corr cos cosh count
    count_if covar_pop covar_samp cume_dist degrees dense_rank exp first_value flatten grouping kurtosis lag
    last_value lead ln log10 log2 lower ltrim map_concat map_from_entries map_keys map_values max min
    nth_value ntile percent_rank pi pow power radians rank regr_intercept regr_slope row_number rtrim sin
    sinh skewness sqrt starts_with stddev stddev_pop stddev_samp tan tanh translate trim unnest upper var_pop
    var_samp variance
    """.split()
)
#: Trino's name → DuckDB's, with the same meaning.
RENAMED = {
    "arbitrary": "any_value",
    "every": "bool_and",
    "geometric_mean": "geomean",
    "is_nan": "isnan",
    "is_finite": "isfinite",
    "is_infinite": "isinf",
    "levenshtein_distance": "levenshtein",
    "hamming_distance": "hamming",
    "to_utf8": "encode",
    "listagg": "string_agg",
    "array_agg": "list",
    "zip": "list_zip",
    "uuid": "gen_random_uuid",
    **{
        name: f"native_{name}"
        for name in (
            "crc32",
            "format_number",
            "from_base",
            "from_base32",
            "from_base64",
            "to_base",
            "from_base64url",
            "hmac_md5",
            "hmac_sha1",
            "hmac_sha256",
            "hmac_sha512",
            "human_readable_seconds",
            "inverse_normal_cdf",
            "luhn_check",
            "murmur3",
            "normal_cdf",
            "parse_data_size",
            "sha512",
            "soundex",
            "to_base32",
            "to_base64url",
            "xxhash64",
            "from_big_endian_32",
            "from_big_endian_64",
            "from_ieee754_32",
            "from_ieee754_64",
            "to_big_endian_32",
            "to_big_endian_64",
            "to_ieee754_32",
            "to_ieee754_64",
        )
    },
    "histogram": "histogram",
    "map": "map",
    "truncate": "trunc",
}
#: What Trino has and this lab has not.
UNSERVED = set(
    """
    approx_set beta_cdf bing_tile bing_tile_at bing_tile_coordinates bing_tile_polygon bing_tile_quadkey
    bing_tile_zoom_level bing_tiles_around char2hexint classifier classify color convex_hull_agg empty_approx_set
    evaluate_classifier_predictions features from_encoded_polyline from_geojson_geometry
    geometry_from_hadoop_shape geometry_invalid_reason geometry_nearest_points geometry_to_bing_tiles
    geometry_union geometry_union_agg hash_counts intersection_cardinality inverse_beta_cdf jaccard_index
    json_table learn_classifier learn_libsvm_classifier learn_libsvm_regressor learn_regressor
    line_interpolate_point line_interpolate_points line_locate_point make_set_digest match_number
    theta_sketch_cardinality theta_sketch_union merge merge_set_digest qdigest_agg regress render rgb shuffle
    simplify_geometry spatial_partitioning spatial_partitions spooky_hash_v2_32 spooky_hash_v2_64 st_area
    st_asbinary st_boundary st_buffer st_centroid st_contains st_convexhull st_coorddim st_crosses st_difference
    st_dimension st_disjoint st_endpoint st_envelope st_envelopeaspts st_equals st_exteriorring st_geometries
    st_geometryn st_geometrytype st_geomfrombinary st_interiorringn st_interiorrings st_intersection st_intersects
    st_isclosed st_isempty st_isring st_issimple st_isvalid st_length st_linefromtext st_linestring st_multipoint
    st_numgeometries st_numinteriorring st_numpoints st_overlaps st_pointn st_points st_polygon st_relate
    st_startpoint st_symdifference st_touches st_geomfromkml st_union st_within st_xmax st_xmin st_ymax st_ymin
    tdigest_agg to_encoded_polyline to_geojson_geometry value_at_quantile values_at_quantiles word_stem
    """.split()
)

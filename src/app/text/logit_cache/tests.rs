use super::*;

#[test]
fn the_oldest_rows_go_first() {
    let mut rows = LogitCache::default();
    for node in 0..LogitCache::MOST as NodeId + 3 {
        rows.put(node, Arc::new([node as f32]));
        rows.put(node, Arc::new([node as f32]));
    }
    assert!(rows.after(2).is_none() && rows.after(3).is_some());
    assert_eq!(rows.kept.len(), LogitCache::MOST);
}
